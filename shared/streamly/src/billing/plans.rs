//! The plans on offer: `PLANS`, a JSON list that the operator keeps, checked whole at the start.
//!
//! Tiers rank by the order in which they first appear in the list, so the list goes from the smallest tier to the
//! largest. A price belongs to one plan alone: the price of a subscription is what tells its plan.

use serde::Deserialize;
use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use crate::money::{Currency, Money};

/// The longest trial that Stripe takes, in days.
const TRIAL_DAYS_MAX: u16 = 730;
/// The longest slug, in bytes: it is part of an idempotency key, which has 255 characters.
const SLUG_BYTES_MAX: usize = 64;
/// The longest other text, in bytes.
const TEXT_BYTES_MAX: usize = 255;

/// The plans on offer, in the operator's order; never none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plans(Vec<Plan>);

/// One plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What clients and the `subscriptions` table call it.
    pub slug: String,
    /// What people read.
    pub name: String,
    /// Stripe's price.
    pub price_id: String,
    /// What it opens; several plans may share one.
    pub tier: String,
    /// The trial of a person who never had a subscription; 0 is none.
    pub trial_days: u16,
    /// How many plays at once; 0 is any number.
    pub max_streams: u32,
    /// The best picture; none is the best there is.
    pub max_resolution: Option<Resolution>,
    /// What it costs each interval. Shown to people; what is charged is Stripe's price.
    pub price: Money,
    /// How often it is charged.
    pub interval: Interval,
    /// Whether the Checkout page takes promotion codes.
    pub allow_promotion_codes: bool,
    /// Whether Stripe computes the tax.
    pub automatic_tax: bool,
}

/// How often a plan is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interval {
    /// Daily.
    Day,
    /// Weekly.
    Week,
    /// Monthly.
    Month,
    /// Yearly.
    Year,
}

impl Interval {
    /// Stripe's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

/// A picture's height as Mux names it, `270p` to `2160p`; a smaller one is less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resolution(u16);

/// A text that is no resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of 270p, 360p, 480p, 540p, 720p, 1080p, 1440p, 2160p")]
pub struct InvalidResolution;

impl FromStr for Resolution {
    type Err = InvalidResolution;

    fn from_str(text: &str) -> Result<Self, InvalidResolution> {
        const HEIGHTS: [(&str, u16); 8] = [
            ("270p", 270),
            ("360p", 360),
            ("480p", 480),
            ("540p", 540),
            ("720p", 720),
            ("1080p", 1080),
            ("1440p", 1440),
            ("2160p", 2160),
        ];
        let found = HEIGHTS.iter().find(|(name, _)| *name == text);
        found.map(|(_, height)| Self(*height)).ok_or(InvalidResolution)
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}p", self.0)
    }
}

/// A `PLANS` that cannot be used. Plans are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPlans {
    /// No JSON, or not of the shape.
    #[error("not a JSON list of plans: look at line {line}, column {column}")]
    Json {
        /// Where reading stopped.
        line: usize,
        /// Where reading stopped.
        column: usize,
    },
    /// An empty list.
    #[error("names no plan")]
    Empty,
    /// A member with a value that cannot be.
    #[error("plan {plan}: {member} {rule}")]
    Member {
        /// Which plan.
        plan: usize,
        /// Which member.
        member: &'static str,
        /// What it must be.
        rule: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    slug: String,
    name: String,
    price_id: String,
    tier: String,
    #[serde(default)]
    trial_days: u16,
    #[serde(default)]
    max_streams: u32,
    #[serde(default)]
    max_resolution: Option<String>,
    amount_minor: i64,
    currency: String,
    interval: Interval,
    #[serde(default)]
    allow_promotion_codes: bool,
    #[serde(default)]
    automatic_tax: bool,
}

impl FromStr for Plans {
    type Err = InvalidPlans;

    fn from_str(text: &str) -> Result<Self, InvalidPlans> {
        let written: Vec<Written> = serde_json::from_str(text)
            .map_err(|error| InvalidPlans::Json { line: error.line(), column: error.column() })?;
        if written.is_empty() {
            return Err(InvalidPlans::Empty);
        }
        let (mut slugs, mut prices) = (HashSet::new(), HashSet::new());
        for (index, plan) in written.iter().enumerate() {
            let fault = |member, rule| InvalidPlans::Member { plan: index + 1, member, rule };
            if !slugs.insert(&plan.slug) {
                return Err(fault("slug", "stands in another plan too"));
            }
            if !prices.insert(&plan.price_id) {
                return Err(fault("price_id", "stands in another plan too"));
            }
        }
        let plans = written.into_iter().enumerate().map(|(index, plan)| plan.checked(index + 1));
        plans.collect::<Result<_, _>>().map(Self)
    }
}

impl Written {
    fn checked(self, plan: usize) -> Result<Plan, InvalidPlans> {
        let rule = |holds: bool, member, rule| {
            if holds { Ok(()) } else { Err(InvalidPlans::Member { plan, member, rule }) }
        };
        rule(is_slug(&self.slug), "slug", "must be 1 to 64 of a-z, 0-9, '-' and '_'")?;
        rule(is_slug(&self.tier), "tier", "must be 1 to 64 of a-z, 0-9, '-' and '_'")?;
        rule(is_id(&self.price_id), "price_id", "must be 1 to 255 of A-Z, a-z, 0-9, '-', '_' and '.'")?;
        rule(is_name(&self.name), "name", "must be 1 to 255 bytes of text without control characters")?;
        rule(self.trial_days <= TRIAL_DAYS_MAX, "trial_days", "must be 0 to 730")?;
        rule(self.amount_minor >= 0, "amount_minor", "must not be negative")?;
        let currency: Result<Currency, _> = self.currency.parse();
        rule(currency.is_ok(), "currency", "must be three lower-case letters")?;
        let resolution = self.max_resolution.as_deref().map(str::parse).transpose();
        rule(
            resolution.is_ok(),
            "max_resolution",
            "must be one of 270p, 360p, 480p, 540p, 720p, 1080p, 1440p, 2160p",
        )?;
        Ok(Plan {
            slug: self.slug,
            name: self.name,
            price_id: self.price_id,
            tier: self.tier,
            trial_days: self.trial_days,
            max_streams: self.max_streams,
            max_resolution: resolution.expect("just checked"),
            price: Money { amount_minor: self.amount_minor, currency: currency.expect("just checked") },
            interval: self.interval,
            allow_promotion_codes: self.allow_promotion_codes,
            automatic_tax: self.automatic_tax,
        })
    }
}

fn is_slug(text: &str) -> bool {
    (1..=SLUG_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
}

fn is_id(text: &str) -> bool {
    (1..=TEXT_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

fn is_name(text: &str) -> bool {
    (1..=TEXT_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
}

impl Plans {
    /// Every plan, in the operator's order.
    pub fn iter(&self) -> impl Iterator<Item = &Plan> {
        self.0.iter()
    }

    /// The plan of this slug.
    pub fn plan(&self, slug: &str) -> Option<&Plan> {
        self.0.iter().find(|plan| plan.slug == slug)
    }

    /// The plan that this price of Stripe's pays for.
    pub fn by_price(&self, price_id: &str) -> Option<&Plan> {
        self.0.iter().find(|plan| plan.price_id == price_id)
    }

    /// Where this tier stands among all, from 0 for the smallest; none for one that no plan has.
    pub fn tier_rank(&self, tier: &str) -> Option<usize> {
        self.tiers().iter().position(|known| *known == tier)
    }

    /// Every tier once, from the smallest to the largest.
    pub fn tiers(&self) -> Vec<&str> {
        let mut tiers: Vec<&str> = Vec::new();
        for plan in &self.0 {
            if !tiers.contains(&plan.tier.as_str()) {
                tiers.push(&plan.tier);
            }
        }
        tiers
    }

    /// The slugs of all plans, those of the smallest tier first; within a tier the operator's order.
    pub fn slugs_by_tier_ascending(&self) -> Vec<&str> {
        let mut plans: Vec<&Plan> = self.0.iter().collect();
        plans.sort_by_key(|plan| self.tier_rank(&plan.tier));
        plans.into_iter().map(|plan| plan.slug.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidPlans, Plans, Resolution};
    use serde_json::{Value, json};

    fn plan(slug: &str, tier: &str) -> Value {
        json!({
            "slug": slug, "name": "A plan", "price_id": format!("price_{slug}"), "tier": tier,
            "amount_minor": 999, "currency": "eur", "interval": "month",
        })
    }

    fn with(member: &str, value: impl Into<Value>) -> Value {
        let mut plan = plan("basic", "basic");
        plan[member] = value.into();
        plan
    }

    fn read(plans: &[Value]) -> Result<Plans, InvalidPlans> {
        Value::from(plans).to_string().parse()
    }

    #[track_caller]
    fn check(plan: &Value, expected: Result<(), &str>) {
        let found = read(std::slice::from_ref(plan)).map(|_| ()).map_err(|error| error.to_string());
        match expected {
            Ok(()) => assert_eq!(found, Ok(()), "{plan}"),
            Err(start) => {
                let text = found.expect_err("must be refused");
                assert!(text.starts_with(start), "{plan}: {text}");
            }
        }
    }

    #[test]
    fn what_is_left_out_is_the_most_generous_or_nothing() {
        let plans = read(&[plan("basic", "basic")]).expect("valid");
        let basic = plans.plan("basic").expect("there");
        assert_eq!((basic.trial_days, basic.max_streams, basic.max_resolution), (0, 0, None));
        assert!(!basic.allow_promotion_codes && !basic.automatic_tax);
        assert_eq!((basic.price.amount_minor, basic.price.currency.as_str()), (999, "eur"));
        assert_eq!(basic.interval.as_str(), "month");
    }

    #[test]
    fn a_member_out_of_its_range_is_named() {
        check(&with("slug", "a".repeat(64)), Ok(()));
        check(&with("slug", "a".repeat(65)), Err("plan 1: slug"));
        check(&with("slug", ""), Err("plan 1: slug"));
        check(&with("slug", "Basic"), Err("plan 1: slug"));
        check(&with("tier", ""), Err("plan 1: tier"));
        check(&with("name", "Größer & besser"), Ok(()));
        check(&with("name", "two\nlines"), Err("plan 1: name"));
        check(&with("price_id", "price 1"), Err("plan 1: price_id"));
        check(&with("trial_days", 730), Ok(()));
        check(&with("trial_days", 731), Err("plan 1: trial_days"));
        check(&with("amount_minor", 0), Ok(()));
        check(&with("amount_minor", -1), Err("plan 1: amount_minor"));
        check(&with("currency", "EUR"), Err("plan 1: currency"));
        check(&with("max_resolution", "2160p"), Ok(()));
        check(&with("max_resolution", Value::Null), Ok(()));
        check(&with("max_resolution", "4k"), Err("plan 1: max_resolution"));
        check(&with("interval", "fortnight"), Err("not a JSON list of plans: look at line 1"));
        check(&with("max_streams", -1), Err("not a JSON list of plans: look at line 1"));
        check(&with("amount_minor", 9.5), Err("not a JSON list of plans: look at line 1"));
        check(&with("trail_days", 7), Err("not a JSON list of plans: look at line 1"));
    }

    #[test]
    fn a_list_that_cannot_be_used_is_refused() {
        let refused = |text: &str| text.parse::<Plans>().expect_err("must be refused").to_string();
        assert_eq!(refused("[]"), "names no plan");
        assert!(refused("{}").starts_with("not a JSON list of plans"));
        assert!(refused("[{\"slug\":").starts_with("not a JSON list of plans"));
        let twice = read(&[plan("basic", "basic"), plan("basic", "basic")]);
        assert_eq!(twice.expect_err("refused").to_string(), "plan 2: slug stands in another plan too");
        let mut second = plan("premium", "premium");
        second["price_id"] = "price_basic".into();
        let shared = read(&[plan("basic", "basic"), second]);
        assert_eq!(shared.expect_err("refused").to_string(), "plan 2: price_id stands in another plan too");
    }

    #[test]
    fn tiers_rank_by_their_first_appearance() {
        let plans = read(&[
            plan("basic", "basic"),
            plan("premium", "premium"),
            plan("basic-yearly", "basic"),
            plan("family", "family"),
        ]);
        let plans = plans.expect("valid");
        assert_eq!(plans.tiers(), ["basic", "premium", "family"]);
        assert_eq!(plans.tier_rank("basic"), Some(0));
        assert_eq!(plans.tier_rank("family"), Some(2));
        assert_eq!(plans.tier_rank("gold"), None);
        assert_eq!(plans.slugs_by_tier_ascending(), ["basic", "basic-yearly", "premium", "family"]);
        assert_eq!(plans.by_price("price_premium").map(|plan| plan.slug.as_str()), Some("premium"));
        assert_eq!(plans.by_price("price_gone"), None);
    }

    #[test]
    fn resolutions_are_ordered_by_height() {
        let resolution = |text: &str| text.parse::<Resolution>().expect("known");
        assert!(resolution("270p") < resolution("1080p") && resolution("1080p") < resolution("2160p"));
        assert_eq!(resolution("1440p").to_string(), "1440p");
        assert!("1080".parse::<Resolution>().is_err());
    }
}
