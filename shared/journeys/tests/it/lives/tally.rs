//! What chance drew, so that a run cannot pass without having met what it is there for.

use std::collections::BTreeMap;
use std::sync::Mutex;

/// What every run meets: deliveries, what came of them, and what happened at Stripe.
const EXPECTED: &[&str] = &[
    "delivery: acacia",
    "delivery: basil",
    "delivery: clover",
    "delivery: dahlia",
    "delivery: endive",
    "delivery: lost",
    "delivery: out of order",
    "delivery: thin beside a named snapshot",
    "delivery: thin by itself",
    "delivery: twice",
    "job: beside deliveries",
    "job: beside life",
    "outcome: applied",
    "outcome: duplicate",
    "outcome: poke",
    "outcome: stale",
    "outcome: unmatched",
    "playback: access",
    "playback: payment-required",
    "playback: subscription-lapsed",
    "playback: subscription-required",
    "row: marked",
    "row: right unmarked",
    "step: Ask",
    "step: CancelAtPeriodEnd",
    "step: CancelIn",
    "step: Card",
    "step: Change",
    "step: Days",
    "step: DeleteCustomer",
    "step: Describe",
    "step: End",
    "step: EndTrial",
    "step: Hold",
    "step: Pause",
    "step: PauseCollection",
    "step: Pay",
    "step: Resume",
    "step: Seconds",
    "step: Subscribe",
    "step: Trial",
    "status: active",
    "status: canceled",
    "status: incomplete",
    "status: incomplete_expired",
    "status: past_due",
    "status: paused",
    "status: trialing",
    "status: unpaid",
];

/// How often each was met.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<BTreeMap<String, u32>>);

impl Tally {
    pub(crate) fn count(&self, what: String) {
        *self.0.lock().expect("no test panics with the lock").entry(what).or_default() += 1;
    }

    /// Panics where something was never met.
    #[track_caller]
    pub(crate) fn is_complete(&self) {
        let met = self.0.lock().expect("no test panics with the lock");
        let missing: Vec<_> = EXPECTED.iter().filter(|what| !met.contains_key(**what)).collect();
        assert!(missing.is_empty(), "never met: {missing:?}\nmet: {met:#?}");
    }
}
