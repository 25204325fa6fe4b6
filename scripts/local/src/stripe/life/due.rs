//! What is due as time goes by. Everything happens at its own instant, in order, however far the clock jumps.

use crate::stripe::objects::{InvoiceStatus, PaymentState, SessionStatus, Subscription};
use crate::stripe::state::State;

const HOUR_SECONDS: i64 = 60 * 60;
const DAY_SECONDS: i64 = 24 * HOUR_SECONDS;
/// How long a first payment may take.
const FIRST_PAYMENT_SECONDS: i64 = 23 * HOUR_SECONDS;
/// How long before its end a trial is announced to end.
const TRIAL_NOTICE_SECONDS: i64 = 3 * DAY_SECONDS;

/// What becomes due; of those of one instant the first named goes first: a subscription that ends is not renewed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    SessionExpires,
    FirstPaymentLapses,
    TrialWillEnd,
    CollectionResumes,
    InvoiceIsFinalized,
    InvoiceIsRetried,
    SubscriptionEnds,
    PeriodEnds,
}

impl State {
    /// Lets everything happen that is due by now.
    pub(in crate::stripe) fn catch_up(&mut self) {
        let now = self.now();
        while let Some((instant, kind, id)) = self.next_due(now) {
            self.time.stand_at(instant);
            self.happen(kind, &id);
        }
        self.time.go_on();
    }

    /// Moves the clock ahead and lets everything happen on the way.
    pub(in crate::stripe) fn advance(&mut self, seconds: i64) {
        self.time.advance(seconds);
        self.catch_up();
    }

    fn happen(&mut self, kind: Kind, id: &str) {
        match kind {
            Kind::SessionExpires => self.expire_session(id),
            Kind::FirstPaymentLapses => self.lapse(id),
            Kind::TrialWillEnd => self.announce_trial_end(id),
            Kind::CollectionResumes => {
                self.change_subscription(id, |subscription| subscription.pause_collection = None);
            }
            Kind::InvoiceIsFinalized => self.finalize_when_due(id),
            Kind::InvoiceIsRetried => self.attempt_invoice(id),
            Kind::SubscriptionEnds => self.cancel_subscription(id, "cancellation_requested"),
            Kind::PeriodEnds => self.renew(id),
        }
    }

    /// What happens next, unless it lies in the future.
    fn next_due(&self, now: i64) -> Option<(i64, Kind, String)> {
        let sessions = self.sessions.iter().filter(|session| session.status == SessionStatus::Open);
        let sessions = sessions.map(|session| (session.expires_at, Kind::SessionExpires, &session.id));
        let living = self.subscriptions.iter().filter(|subscription| !subscription.is_over());
        let subscriptions = living.flat_map(|subscription| {
            let due = self.due_of(subscription).into_iter().flatten();
            due.map(|(instant, kind)| (instant, kind, &subscription.id))
        });
        let invoices = self.invoices.iter().flat_map(|invoice| {
            let finalized = invoice.finalize_at.filter(|_| invoice.status == InvoiceStatus::Draft);
            let retried = invoice.next_attempt.filter(|_| invoice.status == InvoiceStatus::Open);
            let finalized = finalized.map(|instant| (instant, Kind::InvoiceIsFinalized, &invoice.id));
            let retried = retried.map(|instant| (instant, Kind::InvoiceIsRetried, &invoice.id));
            finalized.into_iter().chain(retried)
        });
        let due = sessions.chain(subscriptions).chain(invoices).filter(|(instant, _, _)| *instant <= now);
        // Of equals `min_by_key` takes the first, which is the one made first.
        let (instant, kind, id) = due.min_by_key(|(instant, kind, _)| (*instant, *kind))?;
        Some((instant, kind, id.clone()))
    }

    fn due_of(&self, subscription: &Subscription) -> [Option<(i64, Kind)>; 5] {
        let status = subscription.status.as_str();
        let lapses = (status == "incomplete" && !self.is_being_paid(subscription))
            .then_some((subscription.created + FIRST_PAYMENT_SECONDS, Kind::FirstPaymentLapses));
        let notice = subscription.trial_end.filter(|_| status == "trialing" && !subscription.trial_announced);
        let notice =
            notice.map(|end| ((end - TRIAL_NOTICE_SECONDS).max(subscription.created), Kind::TrialWillEnd));
        let resumes = subscription.pause_collection.as_ref().and_then(|pause| pause.resumes_at);
        let renewed = ["trialing", "active", "past_due", "unpaid"].contains(&status);
        [
            lapses,
            notice,
            resumes.map(|instant| (instant, Kind::CollectionResumes)),
            subscription.cancel_at.map(|instant| (instant, Kind::SubscriptionEnds)),
            renewed.then_some((subscription.period_end(), Kind::PeriodEnds)),
        ]
    }

    /// Whether a delayed method is paying the latest invoice.
    fn is_being_paid(&self, subscription: &Subscription) -> bool {
        let invoice = subscription.latest_invoice.as_ref().and_then(|id| self.invoices.get(id));
        let intent = invoice.and_then(|invoice| invoice.payment_intent.as_ref());
        let intent = intent.and_then(|id| self.payment_intents.get(id));
        intent.is_some_and(|intent| intent.state == PaymentState::Processing)
    }
}
