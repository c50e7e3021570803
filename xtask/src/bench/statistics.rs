//! Medians and percentiles of whole numbers, by nearest rank: every figure is one that was measured.

pub fn median(samples: &[u64]) -> Option<u64> {
    percentile(samples, 50)
}

/// The smallest sample that at least `percent` of all samples do not exceed.
pub fn percentile(samples: &[u64], percent: usize) -> Option<u64> {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

/// `None` where there is nothing to divide by.
pub fn ratio(value: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| float(value) / float(of))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nanoseconds and bytes of one run are far below 2^52"
)]
pub const fn float(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples() {
        let samples: Vec<u64> = (1..=200).rev().collect();
        assert_eq!(median(&samples), Some(100));
        assert_eq!(percentile(&samples, 99), Some(198));
        assert_eq!(percentile(&samples, 100), Some(200));
        assert_eq!(median(&[7]), Some(7));
        assert_eq!(median(&[9, 1, 5]), Some(5));
        assert_eq!(percentile(&[3, 4], 99), Some(4));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn nothing_is_no_measure() {
        assert_eq!(ratio(3, 2), Some(1.5));
        assert_eq!(ratio(3, 0), None);
    }
}
