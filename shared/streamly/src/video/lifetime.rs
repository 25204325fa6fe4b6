//! How long a token lives.
//!
//! The first token covers a whole sitting, pauses included, since many players cannot change it while they play. It never
//! outlives the right to watch by more than [`FLOOR_S`], and the same rules say which older token may be given out again.

/// The life where the length of the video is unknown, or it is live, in seconds: a long evening.
const UNKNOWN_S: f64 = 21_600.0;
/// The shortest life by the formula, in seconds.
const SHORTEST_S: f64 = 3_600.0;
/// The longest life by the formula, in seconds, unless the video itself is longer.
const LONGEST_S: f64 = 43_200.0;
/// What a viewer may need beyond the video's own length, in seconds.
const SLACK_S: f64 = 900.0;
/// The longest video whose length is believed, in seconds.
const LENGTH_S_MAX: f64 = 86_400.0;
/// The share of a fresh life that a token from the cache still has.
const REUSE_SHARE: f64 = 0.75;
/// The least life of any token, in seconds, even where the right to watch ends sooner: shorter ones break players.
pub const FLOOR_S: i64 = 600;
/// The longest life that Cloudflare Stream takes, in seconds, less a minute for clocks that differ.
pub const CLOUDFLARE_S_MAX: i64 = 86_400 - 60;
/// How long the address of a poster stays the same, in seconds, so that browsers keep the image.
const POSTER_BUCKET_S: i64 = 21_600;
/// The share of a life after which a player should ask again.
const REFRESH_TENTHS: i64 = 8;

/// The ends of life, in Unix seconds, that fit a caller now: a fresh token ends at `latest`, and an older one will do while
/// its end is not before `earliest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The earliest end that will do.
    pub earliest: i64,
    /// The end of a fresh token.
    pub latest: i64,
}

impl Window {
    /// Whether a token of this end will do.
    pub fn admits(self, end: i64) -> bool {
        (self.earliest..=self.latest).contains(&end)
    }

    fn exactly(end: i64) -> Self {
        Self { earliest: end, latest: end }
    }
}

/// The length of a video in seconds, where it can be believed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Length(Option<f64>);

impl Length {
    /// This many seconds; unknown where they are absent, not finite, not positive or more than a day.
    pub fn of(seconds: Option<f64>) -> Self {
        Self(seconds.filter(|seconds| seconds.is_finite() && *seconds > 0.0 && *seconds <= LENGTH_S_MAX))
    }

    /// The first `seconds` of this, for a preview.
    #[must_use]
    pub fn first(self, seconds: u32) -> Self {
        let seconds = f64::from(seconds);
        Self::of(Some(self.0.map_or(seconds, |whole| whole.min(seconds))))
    }

    /// The length, where it is known.
    pub fn seconds(self) -> Option<f64> {
        self.0
    }

    /// The life that a token for this much video gets, in whole seconds.
    fn life(self) -> i64 {
        let seconds = self.0.map_or(UNKNOWN_S, |length| {
            (2.0 * length + SLACK_S).clamp(SHORTEST_S, LONGEST_S.max(length + SLACK_S))
        });
        whole(seconds)
    }
}

/// The ends that fit a token for this much video, made at `now`. `entitled_until` is where a bought right ends, `life_max`
/// the longest life that the provider takes.
pub fn window(now: i64, length: Length, entitled_until: Option<i64>, life_max: Option<i64>) -> Window {
    let wanted = now + length.life();
    let entitled = entitled_until.map_or(wanted, |until| wanted.min(until)).max(now + FLOOR_S);
    let latest = life_max.map_or(entitled, |most| entitled.min(now + most));
    let life = latest - now;
    let enough = length.seconds().map_or(whole(SLACK_S), |length| whole(length + SLACK_S));
    let least = share(life).max(life.min(enough));
    Window { earliest: now + least, latest }
}

/// The one end of a poster's token at Mux: 24 to 30 hours ahead, the same for six hours.
pub fn mux_poster(now: i64) -> Window {
    Window::exactly((now.div_euclid(POSTER_BUCKET_S) + 5) * POSTER_BUCKET_S)
}

/// The one end of a poster's token at Cloudflare Stream: 12 to 18 hours ahead, the same for six hours.
pub fn cloudflare_poster(now: i64) -> Window {
    Window::exactly((now.div_euclid(POSTER_BUCKET_S) + 3) * POSTER_BUCKET_S)
}

/// When a player should ask again.
pub fn refresh_after(issued_at: i64, expires_at: i64) -> i64 {
    issued_at + (expires_at - issued_at) * REFRESH_TENTHS / 10
}

/// Three quarters of a life, rounded up.
fn share(life: i64) -> i64 {
    #[expect(clippy::cast_precision_loss, reason = "a life is at most a day or so")]
    let life = life as f64;
    whole(life * REUSE_SHARE)
}

/// Whole seconds, rounded up, so that nothing ends before it should.
fn whole(seconds: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "every caller's seconds are bounded by a few days")]
    let seconds = seconds.ceil() as i64;
    seconds
}

#[cfg(test)]
mod tests {
    use super::{
        CLOUDFLARE_S_MAX, FLOOR_S, Length, Window, cloudflare_poster, mux_poster, refresh_after, window,
    };
    use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

    const NOW: i64 = 1_795_395_600;

    #[track_caller]
    fn check(seconds: Option<f64>, life: i64) {
        assert_eq!(window(NOW, Length::of(seconds), None, None).latest - NOW, life, "{seconds:?}");
    }

    #[test]
    fn the_life_follows_the_length() {
        check(Some(5400.0), 11_700);
        check(Some(1.0), 3600);
        check(Some(1350.0), 3600);
        check(Some(1350.5), 3601);
        check(Some(21_150.0), 43_200);
        check(Some(21_151.0), 43_200);
        check(Some(42_300.0), 43_200);
        check(Some(42_301.0), 43_201);
        check(Some(86_400.0), 87_300);
    }

    #[test]
    fn a_length_that_cannot_be_believed_gets_an_evening() {
        for unknown in [
            None,
            Some(0.0),
            Some(-1.0),
            Some(86_400.1),
            Some(f64::NAN),
            Some(f64::INFINITY),
            Some(f64::NEG_INFINITY),
            Some(f64::MAX),
        ] {
            check(unknown, 21_600);
        }
    }

    #[test]
    fn a_preview_is_as_long_as_its_seconds_or_the_whole_video() {
        assert_eq!(Length::of(Some(5400.0)).first(120), Length::of(Some(120.0)));
        assert_eq!(Length::of(Some(60.0)).first(120), Length::of(Some(60.0)));
        assert_eq!(Length::of(None).first(120), Length::of(Some(120.0)));
        assert_eq!(Length::of(None).first(u32::MAX), Length::of(None));
        assert_eq!(Length::of(Some(60.0)).first(0), Length::of(None));
    }

    #[test]
    fn a_token_ends_with_the_right_to_watch_but_never_within_ten_minutes() {
        let end = |until| window(NOW, Length::of(Some(5400.0)), Some(until), None).latest - NOW;
        assert_eq!(end(NOW + 11_701), 11_700);
        assert_eq!(end(NOW + 11_700), 11_700);
        assert_eq!(end(NOW + 11_699), 11_699);
        assert_eq!(end(NOW + 601), 601);
        assert_eq!(end(NOW + 600), 600);
        assert_eq!(end(NOW + 599), 600);
        assert_eq!(end(NOW - 86_400), 600);
        assert_eq!(end(i64::MAX), 11_700);
    }

    #[test]
    fn a_token_for_cloudflare_ends_a_minute_before_a_day_is_over() {
        let end = |seconds| window(NOW, Length::of(Some(seconds)), None, Some(CLOUDFLARE_S_MAX)).latest - NOW;
        assert_eq!(end(85_439.0), 86_339);
        assert_eq!(end(85_440.0), 86_340);
        assert_eq!(end(85_441.0), 86_340);
        assert_eq!(end(86_400.0), 86_340);
    }

    #[test]
    fn an_older_token_will_do_while_three_quarters_of_its_life_and_the_film_fit() {
        let admitted =
            |seconds: f64, left: i64| window(NOW, Length::of(Some(seconds)), None, None).admits(NOW + left);
        // Three quarters of 11,700 are more than 5,400 + 900.
        assert!(admitted(5400.0, 11_700));
        assert!(admitted(5400.0, 8_775));
        assert!(!admitted(5400.0, 8_774));
        assert!(!admitted(5400.0, 11_701));
        // A long film needs nearly all of its life.
        assert!(admitted(43_000.0, 43_900));
        assert!(!admitted(43_000.0, 43_899));
        // Of unknown length: three quarters of 21,600.
        let unknown = window(NOW, Length::of(None), None, None);
        assert_eq!(unknown, Window { earliest: NOW + 16_200, latest: NOW + 21_600 });
    }

    #[test]
    fn a_posters_end_is_the_same_for_six_hours() {
        let bucket = NOW.div_euclid(21_600) * 21_600;
        assert_eq!(mux_poster(bucket), mux_poster(bucket + 21_599));
        assert_eq!(mux_poster(bucket).latest, bucket + 30 * 3600);
        assert_eq!(mux_poster(bucket + 21_600).latest, bucket + 36 * 3600);
        assert_eq!(cloudflare_poster(bucket).latest, bucket + 18 * 3600);
        assert_eq!(cloudflare_poster(bucket + 21_599).latest - (bucket + 21_599), 12 * 3600 + 1);
    }

    fn seconds() -> impl Strategy<Value = Option<f64>> {
        prop_oneof![
            Just(None),
            any::<f64>().prop_map(Some),
            (-10.0..200_000.0f64).prop_map(Some),
            (0.0..7200.0f64).prop_map(Some),
        ]
    }

    proptest! {
        #[test]
        fn every_window_is_sane(
            now in 0i64..=253_402_300_799,
            seconds in seconds(),
            until in prop_oneof![Just(None), any::<i64>().prop_map(Some), (-9000i64..90_000).prop_map(Some)],
            preview in prop_oneof![Just(None), any::<u32>().prop_map(Some)],
            capped in any::<bool>(),
        ) {
            let until = until.map(|until: i64| if until.abs() <= 90_000 { now + until } else { until });
            let length = Length::of(seconds);
            let length = preview.map_or(length, |preview| length.first(preview));
            let window = window(now, length, until, capped.then_some(CLOUDFLARE_S_MAX));
            let life = window.latest - now;
            prop_assert!(window.earliest <= window.latest);
            prop_assert!((FLOOR_S..=87_300).contains(&life));
            prop_assert!(!capped || life < 86_400);
            if let Some(until) = until {
                prop_assert!(window.latest <= until.max(now + FLOOR_S));
            }
            // What is given out again lasts for the film, or as long as a fresh one would.
            let least = window.earliest - now;
            let film = length.seconds().unwrap_or(0.0);
            #[expect(clippy::cast_precision_loss, reason = "a life is at most a day or so")]
            let (least_s, life_s) = (least as f64, life as f64);
            prop_assert!(least_s >= 0.75 * life_s);
            prop_assert!(least_s >= life_s.min(film + 900.0));
            let refresh = refresh_after(now, window.earliest);
            prop_assert!(now < refresh && refresh < window.earliest);
        }

        #[test]
        fn the_life_is_the_formula_in_whole_numbers(
            length in prop_oneof![Just(None), (1i64..=86_400).prop_map(Some)],
            until in prop_oneof![Just(None), (-100_000i64..200_000).prop_map(Some)],
            capped in any::<bool>(),
        ) {
            #[expect(clippy::cast_precision_loss, reason = "a film is a day at most")]
            let seconds = length.map(|length| length as f64);
            let life = window(
                NOW,
                Length::of(seconds),
                until.map(|until| NOW + until),
                capped.then_some(CLOUDFLARE_S_MAX),
            ).latest - NOW;
            // The middle one of three is the first, held between the others.
            let mut wanted = length.map_or([21_600; 3], |length| {
                [3_600, 2 * length + 900, if length > 42_300 { length + 900 } else { 43_200 }]
            });
            wanted.sort_unstable();
            let wanted = wanted[1];
            let entitled = match until {
                Some(until) if until < 600 => 600,
                Some(until) if until < wanted => until,
                _ => wanted,
            };
            prop_assert_eq!(life, if capped && entitled > 86_340 { 86_340 } else { entitled });
            // Who may watch for longer than the film and a pause gets through it by the first token.
            if let Some(length) = length && until.is_none_or(|until| until >= length + 900) && !capped {
                prop_assert!(life >= length + 900);
            }
        }

        #[test]
        fn a_longer_film_never_gets_a_shorter_life(one in 0.1..86_400.0f64, other in 0.1..86_400.0f64) {
            let life = |seconds| window(NOW, Length::of(Some(seconds)), None, None).latest;
            let (short, long) = if one <= other { (one, other) } else { (other, one) };
            prop_assert!(life(short) <= life(long));
        }

        #[test]
        fn posters_live_about_a_day_at_mux_and_half_a_day_at_cloudflare(now in 0i64..=253_402_300_799) {
            let mux = mux_poster(now).latest - now;
            prop_assert!((86_401..=108_000).contains(&mux));
            let cloudflare = cloudflare_poster(now).latest - now;
            prop_assert!((43_201..=64_800).contains(&cloudflare));
            prop_assert_eq!(mux_poster(now).latest % 21_600, 0);
        }
    }
}
