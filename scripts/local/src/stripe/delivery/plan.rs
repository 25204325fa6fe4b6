//! How deliveries go wrong. Each choice is drawn from the seed and the event's place in history, not from the course of
//! time, so the same life under the same seed loses, doubles and disorders the same events.

use crate::stripe::version::ApiVersion;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The order in which one action's events are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// All at once, as Stripe does.
    #[default]
    Parallel,
    /// One after the other's first answer, as they came about.
    Forward,
    /// One after the other's first answer, the last first.
    Backward,
    /// One after the other's first answer, in an order that the seed chooses.
    Shuffled,
}

/// Whether thin events are sent, which only name the object that changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Thin {
    /// None.
    #[default]
    None,
    /// A thin one after each snapshot, whose id it names.
    Beside,
    /// Thin ones only, without the id of a snapshot.
    Instead,
}

/// How events are delivered.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Deliveries {
    /// Whether any are sent; while off, events are lost and listed as undelivered.
    pub on: bool,
    /// How often each event is sent at first; more than once makes duplicates.
    pub copies: u8,
    /// The order of one action's events.
    pub order: Order,
    /// What the choices below are drawn from.
    pub seed: u64,
    /// How many of a hundred events are never sent.
    pub lost_percent: u8,
    /// How many of a hundred events are sent once more.
    pub doubled_percent: u8,
    /// How long an event may wait before its first attempt.
    pub delay_milliseconds_max: u64,
    /// Whether thin events are sent.
    pub thin: Thin,
    /// The versions in whose shapes events are sent; one is drawn for each event. An empty list is the pinned version.
    pub versions: Vec<ApiVersion>,
}

impl Default for Deliveries {
    fn default() -> Self {
        Self {
            on: true,
            copies: 1,
            order: Order::default(),
            seed: 0,
            lost_percent: 0,
            doubled_percent: 0,
            delay_milliseconds_max: 0,
            thin: Thin::default(),
            versions: Vec::new(),
        }
    }
}

/// What a number is drawn for; each has a row of numbers of its own.
#[derive(Clone, Copy)]
enum Choice {
    Lost,
    Doubled,
    Delay,
    Version,
    Place,
}

impl Deliveries {
    /// Steele, Lea and Flood's `SplitMix64`, entered at the event's place.
    fn draw(&self, place: usize, choice: Choice) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let place = (place as u64).wrapping_mul(8).wrapping_add(choice as u64).wrapping_add(1);
        let mut mixed = self.seed.wrapping_add(STEP.wrapping_mul(place));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Whether the event at this place in history is never sent.
    pub(in crate::stripe) fn loses(&self, place: usize) -> bool {
        self.draw(place, Choice::Lost) % 100 < u64::from(self.lost_percent)
    }

    /// How often it is sent at first.
    pub(super) fn copies(&self, place: usize) -> u8 {
        let doubled = self.draw(place, Choice::Doubled) % 100 < u64::from(self.doubled_percent);
        self.copies.saturating_add(u8::from(doubled))
    }

    /// How long it waits.
    pub(super) fn delay(&self, place: usize) -> Duration {
        let range = self.delay_milliseconds_max.saturating_add(1);
        Duration::from_millis(self.draw(place, Choice::Delay) % range)
    }

    /// The version in whose shape it is sent.
    pub(super) fn version(&self, place: usize) -> ApiVersion {
        let count = u64::try_from(self.versions.len()).unwrap_or(u64::MAX).max(1);
        let drawn = usize::try_from(self.draw(place, Choice::Version) % count).unwrap_or_default();
        self.versions.get(drawn).copied().unwrap_or(ApiVersion::Endive)
    }

    /// Puts these places in the order in which they are sent.
    pub(super) fn arrange(&self, places: &mut [(usize, String)]) {
        match self.order {
            Order::Parallel | Order::Forward => {}
            Order::Backward => places.reverse(),
            Order::Shuffled => places.sort_by_key(|(place, _)| self.draw(*place, Choice::Place)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Deliveries;

    fn lost(plan: &Deliveries) -> Vec<usize> {
        (0..1000).filter(|place| plan.loses(*place)).collect()
    }

    #[test]
    fn the_same_seed_makes_the_same_choices_and_another_makes_others() {
        let plan = |seed| Deliveries { seed, lost_percent: 30, ..Deliveries::default() };
        assert_eq!(lost(&plan(7)), lost(&plan(7)));
        assert_ne!(lost(&plan(7)), lost(&plan(8)));
        let count = lost(&plan(7)).len();
        assert!((250..350).contains(&count), "about three in ten: {count}");
    }

    #[test]
    fn nothing_and_everything_can_be_lost() {
        let plan = |lost_percent| Deliveries { lost_percent, ..Deliveries::default() };
        assert_eq!(lost(&plan(0)).len(), 0);
        assert_eq!(lost(&plan(100)).len(), 1000);
    }
}
