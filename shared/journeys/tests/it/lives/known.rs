//! Lives that once ended unlike at Stripe, as they were printed.

use super::step::{Plan, Step};

/// The steps before and after the first news, the seed of chance, and whether news get lost.
pub(crate) const KNOWN: &[(&[Step], &[Step], u64, bool)] = &[
    // The end of a subscription is lost, its customer's end of the same second arrives, and the lost one ties.
    (
        &[Step::Days(33), Step::Resume(1)],
        &[
            Step::CancelIn(1, 13),
            Step::Subscribe { plan: Plan::Basic, pays: true, trial: false },
            Step::Pause(1),
            Step::DeleteCustomer,
            Step::Change(0, Plan::Premium),
        ],
        12_591_757_707_081_500_418,
        true,
    ),
    // A customer's end overtakes the news that a first payment lapsed: the subscription was not cancelled.
    (
        &[
            Step::Subscribe { plan: Plan::Premium, pays: false, trial: false },
            Step::Change(0, Plan::Basic),
            Step::Days(23),
            Step::Seconds(2),
            Step::Days(30),
            Step::CancelAtPeriodEnd(1, false),
        ],
        &[
            Step::CancelIn(1, 1),
            Step::Subscribe { plan: Plan::Foreign, pays: false, trial: true },
            Step::DeleteCustomer,
            Step::End(1),
            Step::CancelAtPeriodEnd(0, true),
        ],
        9_954_772_815_158_192_410,
        false,
    ),
    // The end is dated before the change that scheduled it, and is heard after it.
    (
        &[Step::Subscribe { plan: Plan::Basic, pays: false, trial: true }],
        &[
            Step::Pause(0),
            Step::Subscribe { plan: Plan::Premium, pays: false, trial: false },
            Step::Days(12),
            Step::CancelAtPeriodEnd(0, true),
        ],
        15_474_470_916_170_265_921,
        false,
    ),
];
