//! Medians and other quantiles.

/// The value below which the given part (0 to 1) of the values lies; NaN for none.
pub fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let position = part.clamp(0.0, 1.0) * last as f64;
    let (low, high) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
    low + (high - low) * position.fract()
}

/// The middle value; NaN for none.
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_the_values() {
        for (values, part, expected) in [
            ([3.0, 1.0, 2.0].as_slice(), 0.5, 2.0),
            (&[4.0, 1.0, 2.0, 3.0], 0.5, 2.5),
            (&[4.0, 1.0, 2.0, 3.0], 0.0, 1.0),
            (&[4.0, 1.0, 2.0, 3.0], 1.0, 4.0),
            (&[7.0], 0.99, 7.0),
        ] {
            assert_eq!(quantile(values, part), expected, "{values:?} {part}");
        }
        assert!(median(&[]).is_nan());
    }
}
