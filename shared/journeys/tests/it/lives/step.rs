//! What may happen to a person's subscriptions at Stripe.

use proptest::prelude::*;

/// One thing that happens, to the subscription with this number where it is about one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// The clock stands still, so that what follows shares a second, or goes on.
    Hold(bool),
    Seconds(u32),
    Days(u32),
    /// The person subscribes.
    Subscribe {
        plan: Plan,
        pays: bool,
        trial: bool,
    },
    Change(usize, Plan),
    CancelAtPeriodEnd(usize, bool),
    CancelIn(usize, u32),
    End(usize),
    PauseCollection(usize, bool),
    Pause(usize),
    Resume(usize),
    Describe(usize, u8),
    /// From now on renewals are paid, or not.
    Card(usize, bool),
    /// From now on the bank asks at every renewal, where nobody is there to say yes.
    Ask(usize),
    /// A trial, from now or longer than it was.
    Trial(usize, u32),
    EndTrial(usize),
    Pay(usize),
    DeleteCustomer,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Plan {
    Basic,
    Premium,
    /// One that no plan names.
    Foreign,
}

impl Plan {
    pub(crate) fn price(self) -> &'static str {
        match self {
            Self::Basic => "price_basic",
            Self::Premium => "price_premium",
            Self::Foreign => "price_foreign",
        }
    }
}

fn plan() -> impl Strategy<Value = Plan> {
    prop_oneof![4 => Just(Plan::Basic), 4 => Just(Plan::Premium), 1 => Just(Plan::Foreign)]
}

fn subscribe() -> impl Strategy<Value = Step> {
    (plan(), prop::bool::weighted(0.7), prop::bool::weighted(0.3))
        .prop_map(|(plan, pays, trial)| Step::Subscribe { plan, pays, trial })
}

fn step() -> impl Strategy<Value = Step> {
    // Few people have two.
    let which = || prop_oneof![4 => Just(0_usize), 1 => Just(1)];
    prop_oneof![
        3 => any::<bool>().prop_map(Step::Hold),
        2 => (0_u32..3).prop_map(Step::Seconds),
        8 => (1_u32..40).prop_map(Step::Days),
        2 => subscribe(),
        4 => (which(), plan()).prop_map(|(number, plan)| Step::Change(number, plan)),
        4 => (which(), any::<bool>()).prop_map(|(number, on)| Step::CancelAtPeriodEnd(number, on)),
        2 => (which(), 1_u32..20).prop_map(|(number, days)| Step::CancelIn(number, days)),
        1 => which().prop_map(Step::End),
        3 => (which(), any::<bool>()).prop_map(|(number, on)| Step::PauseCollection(number, on)),
        1 => which().prop_map(Step::Pause),
        2 => which().prop_map(Step::Resume),
        2 => (which(), 0_u8..3).prop_map(|(number, text)| Step::Describe(number, text)),
        3 => (which(), prop::bool::weighted(0.3)).prop_map(|(number, pays)| Step::Card(number, pays)),
        1 => which().prop_map(Step::Ask),
        1 => (which(), 1_u32..20).prop_map(|(number, days)| Step::Trial(number, days)),
        1 => which().prop_map(Step::EndTrial),
        2 => which().prop_map(Step::Pay),
        1 => Just(Step::DeleteCustomer),
    ]
}

/// What happens before the first news: mostly, the person has subscribed by then.
pub(crate) fn beginning() -> impl Strategy<Value = Vec<Step>> {
    let first = prop_oneof![5 => subscribe(), 1 => step()];
    (first, prop::collection::vec(step(), 0..=8)).prop_map(|(first, then)| [vec![first], then].concat())
}

/// What happens after it.
pub(crate) fn sequel() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..=6)
}
