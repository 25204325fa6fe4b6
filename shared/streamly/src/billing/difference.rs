//! What an answer of Stripe's would change in the stored row: what an operator reads before letting it.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Snapshot;
use crate::db::syncs::Known;

/// A column that would change, and its values as text; none stands for null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The column of `subscriptions`.
    pub column: &'static str,
    /// What is stored.
    pub old: Option<String>,
    /// What would be.
    pub new: Option<String>,
}

/// What a row says beside its snapshot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Derived<'a> {
    pub(super) plan: Option<&'a str>,
    pub(super) past_due_since: Option<OffsetDateTime>,
    pub(super) is_marked: bool,
}

/// The columns in which a row would differ from what is known, in the order of the table. Those that only note when and
/// by what the row was written are not among them: they change each time.
pub(super) fn between(known: Option<&Known>, new: &Snapshot, derived: Derived<'_>) -> Vec<Difference> {
    let old = known.map(|known| {
        let derived = Derived {
            plan: known.plan.as_deref(),
            past_due_since: known.past_due_since,
            is_marked: known.is_marked,
        };
        columns(&known.snapshot, derived)
    });
    let new = columns(new, derived);
    let pairs = new.into_iter().enumerate().map(|(place, (column, new))| {
        let old = old.as_ref().and_then(|old| old[place].1.clone());
        Difference { column, old, new }
    });
    pairs.filter(|pair| pair.old != pair.new).collect()
}

fn columns(snapshot: &Snapshot, derived: Derived<'_>) -> [(&'static str, Option<String>); 18] {
    let time = |time: Option<OffsetDateTime>| time.and_then(|time| time.format(&Rfc3339).ok());
    [
        ("stripe_customer_id", snapshot.customer.clone()),
        ("status", Some(snapshot.status.clone())),
        ("plan", derived.plan.map(str::to_owned)),
        ("price_id", snapshot.price_id.clone()),
        ("quantity", snapshot.quantity.map(|quantity| quantity.to_string())),
        ("currency", snapshot.currency.clone()),
        ("current_period_start", time(snapshot.current_period_start)),
        ("current_period_end", time(snapshot.current_period_end)),
        ("trial_end", time(snapshot.trial_end)),
        ("cancel_at_period_end", Some(snapshot.cancel_at_period_end.to_string())),
        ("cancel_at", time(snapshot.cancel_at)),
        ("canceled_at", time(snapshot.canceled_at)),
        ("ended_at", time(snapshot.ended_at)),
        ("pause_behavior", snapshot.pause_behavior.clone()),
        ("pause_resumes_at", time(snapshot.pause_resumes_at)),
        ("past_due_since", time(derived.past_due_since)),
        ("latest_invoice_id", snapshot.latest_invoice_id.clone()),
        ("needs_sync", Some(derived.is_marked.to_string())),
    ]
}
