//! Who watches: whether their account is in use and their login goes on, and the subscription of theirs that opens most. The
//! joins of every statement that decides, and the two questions about the person alone.

use tokio_postgres::types::Type;
use tokio_postgres::{GenericClient, Row};

use super::statement::Parameter;
use super::{Error, Statement};
use crate::ids::{SessionId, UserId};

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[HOLDS, STANDING];

/// Whether the account of `q.user_id` is in use and the login `q.session_id` goes on, as `a.holds`: true, or null.
///
/// A macro, as is the next: a statement is one text that is put together while compiling.
macro_rules! account {
    () => {
        "
      left join lateral (
           select true as holds
             from users u
             join sessions s on s.user_id = u.id
            where u.id = q.user_id and s.id = q.session_id
              and s.revoked_at is null and now() < least(s.idle_expires_at, s.absolute_expires_at)
              and u.disabled_at is null and u.deleted_at is null) a on true"
    };
}
pub(super) use account;

/// The subscription of `q.user_id` that opens most, as `e`, or nulls: `plan`, `grants`, `is_late`, `entitled_until`. It takes
/// the names of the parameters that hold live mode, the renewal leeway in hours, the grace in days, and the plans from the
/// smallest tier up. Dates are clamped, so that no stored one overflows what it is read into.
macro_rules! best_subscription {
    ($livemode:literal, $leeway_hours:literal, $grace_days:literal, $plans:literal) => {
        concat!(
            "
      left join lateral (
           select s.plan, t.until > now() as grants, t.is_late,
                  floor(extract(epoch from
                    least(greatest(t.until, 'epoch'), now() + interval '10 years')))::bigint as entitled_until
             from subscriptions s
            cross join lateral (",
            crate::db::entitlements::entitlement!($leeway_hours, $grace_days),
            ") t
            where s.user_id = q.user_id and s.livemode = ",
            $livemode,
            "
            order by t.until > now() desc nulls last, array_position(",
            $plans,
            ", s.plan) desc nulls last,
                     t.until desc nulls last
            limit 1) e on true"
        )
    };
}
pub(super) use best_subscription;

/// Whether a person's account is in use and this login goes on. Always exactly one row.
const HOLDS: Statement = Statement::new(
    "viewers::HOLDS",
    &[Type::UUID, Type::UUID],
    concat!(
        "
    select a.holds as account_holds
      from (select $1 as user_id, $2 as session_id) q",
        account!(),
    ),
);

/// The same, and the subscription that opens most. The parameters are the person, the login, live mode, the renewal leeway
/// in hours, the grace in days, and the plans from the smallest tier up. Always exactly one row.
const STANDING: Statement = Statement::new(
    "viewers::STANDING",
    &[Type::UUID, Type::UUID, Type::BOOL, Type::INT4, Type::INT4, Type::TEXT_ARRAY],
    concat!(
        "
    select a.holds as account_holds, e.plan, e.grants, e.is_late, e.entitled_until
      from (select $1 as user_id, $2 as session_id) q",
        account!(),
        best_subscription!("$3", "$4", "$5", "$6"),
    ),
);

/// By which rules subscriptions count.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// Whether subscriptions of real money count, or those of test mode.
    pub livemode: bool,
    /// How long a paid period goes on while its renewal is on the way, in hours.
    pub renewal_leeway_hours: u16,
    /// How long a subscription goes on while a payment is due, in days.
    pub past_due_grace_days: u16,
    /// The plans' slugs, those of the smallest tier first.
    pub plans: &'a [&'a str],
}

/// What a person's best subscription opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entitlement {
    /// The plan's slug, which the configuration may no longer know.
    pub plan: Option<String>,
    /// When the right to watch ends if nothing more is heard, in Unix seconds; none where it opens nothing now.
    pub until: Option<i64>,
    /// Whether it lives on leeway or grace.
    pub is_late: bool,
}

/// How a person stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Whether the account is in use and the login has not ended.
    pub account_holds: bool,
    /// The best subscription.
    pub entitlement: Option<Entitlement>,
}

/// Whether a person's account is in use and this login goes on.
pub async fn holds(client: &impl GenericClient, user: UserId, session: SessionId) -> Result<bool, Error> {
    Ok(is(&HOLDS.one(client, &[&user.uuid(), &session.uuid()]).await?, "account_holds"))
}

/// The same, and the subscription that opens most.
pub async fn standing(
    client: &impl GenericClient,
    user: UserId,
    session: SessionId,
    rules: Rules<'_>,
) -> Result<Standing, Error> {
    let (leeway, grace) = rules.times();
    let parameters: [Parameter<'_>; 6] =
        [&user.uuid(), &session.uuid(), &rules.livemode, &leeway, &grace, &rules.plans];
    let row = STANDING.one(client, &parameters).await?;
    Ok(Standing { account_holds: is(&row, "account_holds"), entitlement: entitlement_of(&row) })
}

impl Rules<'_> {
    /// Leeway and grace as parameters.
    pub(super) fn times(&self) -> (i32, i32) {
        (self.renewal_leeway_hours.into(), self.past_due_grace_days.into())
    }
}

/// What [`best_subscription`] found.
pub(super) fn entitlement_of(row: &Row) -> Option<Entitlement> {
    let until = row.get::<_, Option<i64>>("entitled_until")?;
    Some(Entitlement {
        plan: row.get("plan"),
        until: is(row, "grants").then_some(until),
        is_late: is(row, "is_late"),
    })
}

/// A boolean, of which null is false.
pub(super) fn is(row: &Row, column: &str) -> bool {
    row.get::<_, Option<bool>>(column).unwrap_or_default()
}
