//! Who may watch what: the one rule, for the start of a play and for every heartbeat after it.

use crate::accounts::verify::Caller;
use crate::billing::Plans;
use crate::billing::access::Denial;
use crate::billing::plans::Resolution;
use crate::db::videos::{Access, Status};
use crate::db::viewers::Entitlement;
use crate::db::{Error, subscriptions};
use tokio_postgres::GenericClient;

/// Why someone may watch a title in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Right<'a> {
    /// Everyone may.
    Free,
    /// Their subscription opens it.
    Subscription(Grant<'a>),
}

/// What a subscription gives besides the title itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant<'a> {
    /// The plan's tier; none for a plan that is no longer known.
    pub tier: Option<&'a str>,
    /// How many titles may play at once; 0 is any number.
    pub plays_max: u32,
    /// The best picture; none is the best there is.
    pub max_resolution: Option<Resolution>,
    /// When it ends if nothing more is heard, in Unix seconds.
    pub until: i64,
    /// Whether it lives on leeway or grace.
    pub is_grace: bool,
}

/// What someone lacks who may not watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// A subscription that opens anything now.
    Subscription,
    /// A subscription of this tier at least.
    Tier(String),
}

/// Whether someone with this subscription may watch a title of this access in full.
pub fn right<'a>(
    access: &Access,
    entitlement: Option<&Entitlement>,
    plans: &'a Plans,
) -> Result<Right<'a>, Lack> {
    if *access == Access::Free {
        return Ok(Right::Free);
    }
    let grant = entitlement.and_then(|entitlement| grant(entitlement, plans)).ok_or(Lack::Subscription)?;
    match access {
        Access::Tier(least) if !reaches(grant.tier, least, plans) => Err(Lack::Tier(least.clone())),
        _ => Ok(Right::Subscription(grant)),
    }
}

/// Why someone who lacks something is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// What there is of subscriptions opens nothing.
    Denied(Denial),
    /// They have one, and the title takes this tier.
    Tier(String),
}

/// Why someone who lacks this is refused: of several subscriptions the one that leaves most to do gives the reason.
pub async fn refusal(
    client: &impl GenericClient,
    lack: Lack,
    caller: Caller,
    livemode: bool,
) -> Result<Refusal, Error> {
    if let Lack::Tier(tier) = lack {
        return Ok(Refusal::Tier(tier));
    }
    let states = subscriptions::states_by_user(client, caller.user_id(), livemode).await?;
    let denials = states.iter().map(|state| Denial::of(&state.status, state.collection_is_paused));
    Ok(Refusal::Denied(denials.max().unwrap_or(Denial::SubscriptionRequired)))
}

/// Whether a title of this status is there for a caller: an administrator sees it before and after its dates, and nobody one
/// that never will play.
pub fn is_there(status: Status, is_visible: bool, caller: Option<Caller>) -> bool {
    let sees_all = caller.is_some_and(|caller| caller.is_admin());
    !matches!(status, Status::Errored | Status::Deleted) && (is_visible || sees_all)
}

/// How many titles that take a subscription someone with this one may play at once; 0 is any number, and nobody without one
/// plays any.
pub fn plays_max(entitlement: Option<&Entitlement>, plans: &Plans) -> u32 {
    entitlement.and_then(|entitlement| grant(entitlement, plans)).map_or(0, |grant| grant.plays_max)
}

/// Whether one tier stands at or above another. A tier that no plan has reaches none, and none reaches it.
fn reaches(tier: Option<&str>, least: &str, plans: &Plans) -> bool {
    let rank = tier.and_then(|tier| plans.tier_rank(tier));
    match (rank, plans.tier_rank(least)) {
        (Some(rank), Some(least)) => rank >= least,
        _ => false,
    }
}

/// What a subscription gives now. One of a plan that is no longer known gives what every plan does, and no tier.
fn grant<'a>(entitlement: &Entitlement, plans: &'a Plans) -> Option<Grant<'a>> {
    let until = entitlement.until?;
    let is_grace = entitlement.is_late;
    let plan = entitlement.plan.as_deref().and_then(|slug| plans.plan(slug));
    Some(match plan {
        Some(plan) => Grant {
            tier: Some(&plan.tier),
            plays_max: plan.max_streams,
            max_resolution: plan.max_resolution,
            until,
            is_grace,
        },
        None => Grant {
            tier: None,
            plays_max: plans.iter().map(|plan| plan.max_streams).filter(|most| *most > 0).min().unwrap_or(0),
            max_resolution: plans.iter().filter_map(|plan| plan.max_resolution).min(),
            until,
            is_grace,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::{Access, Entitlement, Grant, Lack, Plans, Right, right};

    const PLANS: &str = r#"[
      {"slug": "basic", "name": "Basic", "price_id": "p1", "tier": "basic", "max_streams": 1, "max_resolution": "720p",
       "amount_minor": 900, "currency": "eur", "interval": "month"},
      {"slug": "family", "name": "Family", "price_id": "p2", "tier": "basic", "max_streams": 4, "max_resolution": "1080p",
       "amount_minor": 1400, "currency": "eur", "interval": "month"},
      {"slug": "premium", "name": "Premium", "price_id": "p3", "tier": "premium",
       "amount_minor": 1900, "currency": "eur", "interval": "month"}
    ]"#;

    fn plans() -> Plans {
        PLANS.parse().expect("the plans are good")
    }

    /// The tier, the plays and the picture that a subscription gives, or what is lacking.
    type Outcome<'a> = Result<Option<(Option<&'a str>, u32, Option<&'a str>)>, Lack>;

    #[track_caller]
    fn check(access: &Access, plan: Option<&str>, until: Option<i64>, expected: &Outcome<'_>) {
        let plans = plans();
        let entitlement = Entitlement { plan: plan.map(str::to_owned), until, is_late: true };
        let found = right(access, Some(&entitlement), &plans);
        let expected = expected.clone().map(|grant| match grant {
            None => Right::Free,
            Some((tier, plays_max, resolution)) => Right::Subscription(Grant {
                tier,
                plays_max,
                max_resolution: resolution.map(|text| text.parse().expect("a resolution")),
                until: until.expect("it grants"),
                is_grace: true,
            }),
        });
        assert_eq!(found, expected, "{access:?} {plan:?} {until:?}");
    }

    fn tier(name: &str) -> Access {
        Access::Tier(name.to_owned())
    }

    #[test]
    fn a_free_title_is_free_for_everyone() {
        assert_eq!(right(&Access::Free, None, &plans()), Ok(Right::Free));
        check(&Access::Free, Some("premium"), Some(1), &Ok(None));
        check(&Access::Free, None, None, &Ok(None));
    }

    #[test]
    fn a_members_title_takes_any_subscription_that_opens_something() {
        assert_eq!(right(&Access::Members, None, &plans()), Err(Lack::Subscription));
        check(&Access::Members, Some("basic"), None, &Err(Lack::Subscription));
        check(&Access::Members, Some("basic"), Some(1), &Ok(Some((Some("basic"), 1, Some("720p")))));
        check(&Access::Members, Some("premium"), Some(1), &Ok(Some((Some("premium"), 0, None))));
    }

    #[test]
    fn a_tier_title_takes_that_tier_or_a_higher_one() {
        assert_eq!(right(&tier("basic"), None, &plans()), Err(Lack::Subscription));
        check(&tier("basic"), Some("family"), Some(1), &Ok(Some((Some("basic"), 4, Some("1080p")))));
        check(&tier("basic"), Some("premium"), Some(1), &Ok(Some((Some("premium"), 0, None))));
        check(&tier("premium"), Some("premium"), Some(1), &Ok(Some((Some("premium"), 0, None))));
        check(&tier("premium"), Some("family"), Some(1), &Err(Lack::Tier("premium".to_owned())));
        check(&tier("premium"), Some("premium"), None, &Err(Lack::Subscription));
    }

    #[test]
    fn a_tier_that_no_plan_has_refuses_everyone() {
        check(&tier("gold"), Some("premium"), Some(1), &Err(Lack::Tier("gold".to_owned())));
        check(&tier(""), Some("premium"), Some(1), &Err(Lack::Tier(String::new())));
    }

    #[test]
    fn a_plan_that_is_no_longer_known_opens_members_titles_with_the_tightest_caps() {
        for plan in [None, Some("retired")] {
            check(&Access::Members, plan, Some(1), &Ok(Some((None, 1, Some("720p")))));
            check(&tier("basic"), plan, Some(1), &Err(Lack::Tier("basic".to_owned())));
        }
    }
}
