//! What a subscription's status means for the right to watch, in words. The rule itself is SQL, in the one query of those
//! who ask; this names statuses and the reason of a refusal.

/// Whether a status is the last one: a comeback is another subscription with another id.
pub fn is_terminal(status: &str) -> bool {
    matches!(status, "canceled" | "incomplete_expired")
}

/// Whether a status is one of those that Stripe documents. Others are stored, open nothing, and raise an alert.
pub fn is_known(status: &str) -> bool {
    is_terminal(status)
        || matches!(status, "trialing" | "active" | "past_due" | "incomplete" | "unpaid" | "paused")
}

/// Why someone may not watch; the greater is the one to say where several hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Denial {
    /// They have no subscription, or none that ever began.
    SubscriptionRequired,
    /// They had one.
    SubscriptionLapsed,
    /// They have one, and a payment is due.
    PaymentRequired,
}

impl Denial {
    /// The reason that this row, which opens nothing, gives; `collection_paused` where it has a `pause_behavior`.
    pub fn of(status: &str, collection_paused: bool) -> Self {
        match status {
            "incomplete_expired" => Self::SubscriptionRequired,
            "incomplete" | "unpaid" => Self::PaymentRequired,
            "past_due" if !collection_paused => Self::PaymentRequired,
            _ => Self::SubscriptionLapsed,
        }
    }

    /// The word for it, in `reason` and in problems.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SubscriptionRequired => "subscription-required",
            Self::SubscriptionLapsed => "subscription-lapsed",
            Self::PaymentRequired => "payment-required",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Denial, is_known, is_terminal};

    #[track_caller]
    fn check(status: &str, known: bool, terminal: bool, denial: &str, paused: &str) {
        assert_eq!((is_known(status), is_terminal(status)), (known, terminal), "{status}");
        assert_eq!(Denial::of(status, false).as_str(), denial, "{status}");
        assert_eq!(Denial::of(status, true).as_str(), paused, "{status} with a paused collection");
    }

    #[test]
    fn every_status_has_its_reason() {
        check("trialing", true, false, "subscription-lapsed", "subscription-lapsed");
        check("active", true, false, "subscription-lapsed", "subscription-lapsed");
        check("past_due", true, false, "payment-required", "subscription-lapsed");
        check("incomplete", true, false, "payment-required", "payment-required");
        check("unpaid", true, false, "payment-required", "payment-required");
        check("paused", true, false, "subscription-lapsed", "subscription-lapsed");
        check("canceled", true, true, "subscription-lapsed", "subscription-lapsed");
        check("incomplete_expired", true, true, "subscription-required", "subscription-required");
        check("brand_new_status", false, false, "subscription-lapsed", "subscription-lapsed");
    }

    #[test]
    fn a_due_payment_is_said_before_a_lapse_and_a_lapse_before_nothing() {
        assert!(Denial::PaymentRequired > Denial::SubscriptionLapsed);
        assert!(Denial::SubscriptionLapsed > Denial::SubscriptionRequired);
    }
}
