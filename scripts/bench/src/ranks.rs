//! The Mann-Whitney U test: whether one of two samples tends to be larger. It asks for no distribution, so a few slow samples
//! count for no more than they should.

/// What two samples are to each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Comparison {
    /// How often a value of the first is larger than one of the second, ties by half: 0.5 where neither tends to be.
    pub(crate) share: f64,
    /// How probable a share so far from one half is, were the two alike.
    pub(crate) p: f64,
}

/// Compares two samples by the normal approximation, with corrections for ties and for continuity; both should have more
/// than some twenty values.
#[expect(clippy::cast_precision_loss, reason = "counts of samples")]
pub(crate) fn compare(first: &[f64], second: &[f64]) -> Comparison {
    let mut all: Vec<(f64, bool)> = first.iter().map(|value| (*value, true)).collect();
    all.extend(second.iter().map(|value| (*value, false)));
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut rank_sum, mut ties, mut before) = (0.0, 0.0, 0.0);
    for equal in all.chunk_by(|one, other| one.0.total_cmp(&other.0).is_eq()) {
        let count = equal.len() as f64;
        let of_first = equal.iter().filter(|(_, is_first)| *is_first).count() as f64;
        rank_sum += of_first * f64::midpoint(before + 1.0, before + count);
        ties += count.powi(3) - count;
        before += count;
    }
    let (first, second) = (first.len() as f64, second.len() as f64);
    let (all, pairs) = (first + second, first * second);
    let larger = rank_sum - first * (first + 1.0) / 2.0;
    let deviation = (pairs / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)))).sqrt();
    let distance = ((larger - pairs / 2.0).abs() - 0.5).max(0.0);
    // Two-sided. Where every value is the same there is no deviation, and nothing to tell.
    let p = if deviation > 0.0 { libm::erfc(distance / deviation / std::f64::consts::SQRT_2) } else { 1.0 };
    Comparison { share: larger / pairs, p }
}

#[cfg(test)]
mod tests {
    use super::compare;

    #[track_caller]
    fn check(first: &[f64], second: &[f64], larger: f64, p: f64) {
        let found = compare(first, second);
        #[expect(clippy::cast_precision_loss, reason = "small counts")]
        let pairs = (first.len() * second.len()) as f64;
        assert!((found.share * pairs - larger).abs() < 1e-9, "{found:?}");
        assert!((found.p - p).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn a_published_example_comes_out() {
        // The example of SciPy's documentation of `mannwhitneyu`: ages of men and women with diabetes.
        let (men, women) = ([19.0, 22.0, 16.0, 29.0, 24.0], [20.0, 11.0, 17.0, 12.0]);
        check(&men, &women, 17.0, 0.111_346_886_533_140_41);
        check(&women, &men, 3.0, 0.111_346_886_533_140_41);
    }

    #[test]
    fn ties_count_by_half_and_equal_samples_tell_nothing() {
        check(&[1.0, 2.0], &[1.0, 2.0], 2.0, 1.0);
        check(&[3.0; 5], &[3.0; 5], 12.5, 1.0);
    }

    #[test]
    fn a_shift_is_found_and_an_interleaving_is_not() {
        let even: Vec<f64> = (0..200_i32).map(|number| f64::from(number * 2)).collect();
        let odd: Vec<f64> = even.iter().map(|number| number + 1.0).collect();
        let shifted: Vec<f64> = even.iter().map(|number| number + 100.0).collect();
        assert!(compare(&odd, &even).p > 0.9);
        assert!(compare(&shifted, &even).p < 1e-9);
    }
}
