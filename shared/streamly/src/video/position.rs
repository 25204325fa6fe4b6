//! Where a viewer is in a title, as a player says it, and what of it is kept.

use super::lifetime::Length;

/// The longest title whose length is believed, in seconds; no place is kept beyond it.
const SECONDS_MAX: f64 = 86_400.0;
/// The first place that is kept, in seconds: before it somebody may have started by accident.
const KEPT_SECONDS_MIN: f64 = 5.0;

/// A place in a title: seconds from its start, finite and not negative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position(f64);

/// A number that is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a place in a title")]
pub struct InvalidPosition;

impl TryFrom<f64> for Position {
    type Error = InvalidPosition;

    fn try_from(seconds: f64) -> Result<Self, InvalidPosition> {
        if seconds.is_finite() && seconds >= 0.0 { Ok(Self(seconds)) } else { Err(InvalidPosition) }
    }
}

impl Position {
    /// The place to keep in a title of this length: its end at most, none where hardly anything was seen.
    pub fn kept(self, length: Length) -> Option<f64> {
        let seconds = self.0.min(length.seconds().unwrap_or(SECONDS_MAX));
        (seconds >= KEPT_SECONDS_MIN).then_some(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidPosition, Position};
    use crate::video::lifetime::Length;
    use proptest::prelude::{any, prop_assert, proptest};

    #[track_caller]
    fn check(seconds: f64, length: Option<f64>, kept: Result<Option<f64>, InvalidPosition>) {
        let position = Position::try_from(seconds);
        assert_eq!(
            position.map(|position| position.kept(Length::of(length))),
            kept,
            "{seconds} of {length:?}"
        );
    }

    #[test]
    fn a_place_is_kept_from_five_seconds_to_the_end() {
        check(0.0, Some(600.0), Ok(None));
        check(-0.0, Some(600.0), Ok(None));
        check(4.999, Some(600.0), Ok(None));
        check(5.0, Some(600.0), Ok(Some(5.0)));
        check(599.9, Some(600.0), Ok(Some(599.9)));
        check(600.1, Some(600.0), Ok(Some(600.0)));
        check(f64::MAX, Some(600.0), Ok(Some(600.0)));
        check(5.0, Some(4.0), Ok(None));
    }

    #[test]
    fn without_a_length_that_can_be_believed_a_day_is_the_end() {
        for length in [None, Some(-1.0), Some(f64::NAN), Some(86_401.0)] {
            check(86_400.0, length, Ok(Some(86_400.0)));
            check(1e300, length, Ok(Some(86_400.0)));
        }
    }

    #[test]
    fn what_is_no_number_of_seconds_is_no_place() {
        for seconds in [-0.001, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            check(seconds, Some(600.0), Err(InvalidPosition));
        }
    }

    proptest! {
        #[test]
        fn what_is_kept_is_within_the_title(seconds in any::<f64>(), length in any::<f64>()) {
            let length = Length::of(Some(length));
            if let Some(kept) = Position::try_from(seconds).ok().and_then(|position| position.kept(length)) {
                prop_assert!((5.0..=length.seconds().unwrap_or(86_400.0)).contains(&kept));
            }
        }
    }
}
