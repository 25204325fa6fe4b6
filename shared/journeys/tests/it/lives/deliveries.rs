//! What chance does to the news: their order, their number, their shape.

use local::stripe::{ApiVersion, PendingEvent};

use super::tally::Tally;

/// A sequence that its seed alone decides (`SplitMix64`).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        let count = u64::try_from(count).expect("a small number");
        usize::try_from(self.next() % count).expect("a small number")
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

/// One delivery.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) event: PendingEvent,
    pub(crate) body: Vec<u8>,
    /// Whether it says everything: a thin one does not.
    pub(crate) is_whole: bool,
}

/// Deliveries in the order in which they arrive.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deliveries(pub(crate) Vec<Delivery>);

impl Deliveries {
    /// Each event some times, in some version's shape, perhaps with a thin copy beside it; a lossy way loses some.
    pub(crate) fn of(events: &[PendingEvent], chance: &mut Chance, is_lossy: bool, tally: &Tally) -> Self {
        let count = |what: &str| tally.count(format!("delivery: {what}"));
        let mut deliveries = Vec::new();
        for event in events {
            if is_lossy && chance.one_in(6) {
                count("lost");
                continue;
            }
            let version = ApiVersion::ALL[chance.below(ApiVersion::ALL.len())];
            count(version.name().split('.').next_back().unwrap_or_default());
            let body = event.body(version);
            let again = chance.one_in(3);
            if again {
                count("twice");
            }
            for _ in 0..=usize::from(again) {
                let (event, body) = (event.clone(), body.clone());
                deliveries.push(Delivery { event, body, is_whole: true });
            }
            if event.kind().starts_with("customer.subscription.") && chance.one_in(8) {
                let names_snapshot = chance.one_in(2);
                count(if names_snapshot { "thin beside a named snapshot" } else { "thin by itself" });
                let body = event.thin_body(names_snapshot);
                deliveries.push(Delivery { event: event.clone(), body, is_whole: false });
            }
        }
        let deliveries = Self(deliveries);
        if chance.one_in(4) {
            return deliveries;
        }
        count("out of order");
        deliveries.shuffled(chance)
    }

    pub(crate) fn shuffled(mut self, chance: &mut Chance) -> Self {
        for at in (1..self.0.len()).rev() {
            self.0.swap(at, chance.below(at + 1));
        }
        self
    }

    pub(crate) fn and(mut self, more: Self) -> Self {
        self.0.extend(more.0);
        self
    }

    /// Those that arrive early, and those that arrive late.
    pub(crate) fn split(mut self, chance: &mut Chance) -> (Self, Self) {
        let late = self.0.split_off(chance.below(self.0.len() + 1));
        (self, Self(late))
    }
}
