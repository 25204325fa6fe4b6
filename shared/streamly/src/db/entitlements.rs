//! What a row of `subscriptions` gives: the one rule in SQL for everyone who asks, and the answer to a person's own
//! question.

use time::OffsetDateTime;
use tokio_postgres::types::Type;
use tokio_postgres::{GenericClient, Row};

use super::{Error, Statement};
use crate::ids::UserId;

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[BY_USER];

/// The rule, as a query over a row `s`: `until`, when its right to watch ends if nothing more is heard, null where it opens
/// nothing; and `is_late`, whether that right lives on leeway or grace. It takes the names of the parameters that hold the
/// renewal leeway in hours and the grace in days.
///
/// A macro, since a statement is one text that is put together while compiling: whoever grants by another text would grant
/// something else one day.
macro_rules! entitlement {
    ($leeway_hours:literal, $grace_days:literal) => {
        concat!(
            "
                  select s.status = 'past_due' or s.current_period_end <= now() as is_late,
                         case
                           when s.pause_behavior is not null then null
                           when s.status in ('active', 'trialing') then
                             least(s.cancel_at, coalesce(
                               s.current_period_end + case when s.cancel_at_period_end then interval '0'
                                                           else make_interval(hours => ",
            $leeway_hours,
            ") end,
                               s.created_at + make_interval(hours => ",
            $leeway_hours,
            ")))
                           when s.status = 'past_due' and s.past_due_since is not null then
                             least(s.cancel_at, case when s.cancel_at_period_end then s.current_period_end end,
                               s.past_due_since + make_interval(days => ",
            $grace_days,
            "))
                         end as until"
        )
    };
}
pub(super) use entitlement;

/// Everything that a person ever subscribed to, in this mode: what opens most first, in playback's order. The parameters
/// are the user, live mode, the renewal leeway in hours, the grace in days, and the plans from the smallest tier up.
///
/// Dates beyond all sense are null or the epoch, so that none overflows what it is read into.
const BY_USER: Statement = Statement::new(
    "entitlements::BY_USER",
    &[Type::UUID, Type::BOOL, Type::INT4, Type::INT4, Type::TEXT_ARRAY],
    concat!(
        "
    select s.status, s.plan, s.pause_behavior is not null as collection_is_paused,
           t.until > now() as has_access, t.is_late,
           nullif(greatest(least(s.current_period_end, '9999-01-01Z'), 'epoch'), '9999-01-01Z') as current_period_end,
           nullif(greatest(least(coalesce(
             s.cancel_at, case when s.cancel_at_period_end then s.current_period_end end
           ), '9999-01-01Z'), 'epoch'), '9999-01-01Z') as cancel_at,
           nullif(greatest(least(t.until, '9999-01-01Z'), 'epoch'), '9999-01-01Z') as entitled_until
      from subscriptions s
     cross join lateral (",
        entitlement!("$3", "$4"),
        ") t
     where s.user_id = $1 and s.livemode = $2
     order by t.until > now() desc nulls last, array_position($5, s.plan) desc nulls last,
              t.until desc nulls last, s.created_at desc",
    ),
);

/// Whose subscriptions are asked for, and by which rules.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Whose.
    pub user: UserId,
    /// Whether subscriptions of real money count, or those of test mode.
    pub livemode: bool,
    /// How long a paid period goes on while its renewal is on the way, in hours.
    pub renewal_leeway_hours: u16,
    /// How long a subscription goes on while a payment is due, in days.
    pub past_due_grace_days: u16,
    /// The plans' slugs, those of the smallest tier first.
    pub plans: &'a [&'a str],
}

/// How one subscription stands, and what it gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Stripe's word for it.
    pub status: String,
    /// The plan's slug, which the configuration may no longer know.
    pub plan: Option<String>,
    /// Whether nothing is collected for it at present.
    pub collection_is_paused: bool,
    /// Whether it opens anything now.
    pub has_access: bool,
    /// Whether it lives on leeway or grace.
    pub is_late: bool,
    /// When the paid period ends.
    pub current_period_end: Option<OffsetDateTime>,
    /// When it ends, where that is settled.
    pub cancel_at: Option<OffsetDateTime>,
    /// When the right to watch ends if nothing more is heard.
    pub entitled_until: Option<OffsetDateTime>,
}

/// How everything stands that a person ever subscribed to; what opens most comes first.
pub async fn by_user(client: &impl GenericClient, question: Question<'_>) -> Result<Vec<Standing>, Error> {
    let Question { user, livemode, plans, .. } = question;
    let leeway = i32::from(question.renewal_leeway_hours);
    let grace = i32::from(question.past_due_grace_days);
    let rows = BY_USER.rows(client, &[&user.uuid(), &livemode, &leeway, &grace, &plans]).await?;
    Ok(rows.iter().map(standing).collect())
}

fn standing(row: &Row) -> Standing {
    let is = |column: &str| row.get::<_, Option<bool>>(column).unwrap_or_default();
    Standing {
        status: row.get("status"),
        plan: row.get("plan"),
        collection_is_paused: is("collection_is_paused"),
        has_access: is("has_access"),
        is_late: is("is_late"),
        current_period_end: row.get("current_period_end"),
        cancel_at: row.get("cancel_at"),
        entitled_until: row.get("entitled_until"),
    }
}
