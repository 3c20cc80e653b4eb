//! A line through points that a few wild ones do not turn: the median of the slopes of all pairs (Theil and Sen), with bounds by the
//! number of pairs that rise (Kendall).

/// Standard deviations within which 95 of 100 lie.
const BOUNDS: f64 = 1.96;
/// The standard deviation of a normal distribution over the median of its distances from the middle.
const NORMAL: f64 = 1.4826;

/// A line.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct RobustLine {
    /// The median slope.
    pub(super) slope: f64,
    /// Between these the slope lies in 95 of 100 cases.
    pub(super) slopes: (f64, f64),
    /// How far points lie off it: a standard deviation, by the median of their distances.
    pub(super) spread: f64,
    level: f64,
}

impl RobustLine {
    /// Through points at different times; nothing where there are fewer than three.
    pub(super) fn through(points: &[(f64, f64)]) -> Option<Self> {
        let pairs =
            points.iter().enumerate().flat_map(|(at, a)| points[at + 1..].iter().map(move |b| (a, b)));
        let mut slopes: Vec<f64> =
            pairs.filter(|(a, b)| b.0 > a.0).map(|(a, b)| (b.1 - a.1) / (b.0 - a.0)).collect();
        if points.len() < 3 || slopes.is_empty() {
            return None;
        }
        slopes.sort_by(f64::total_cmp);
        let slope = middle(&slopes);
        let n = points.len() as f64;
        let apart = BOUNDS * (n * (n - 1.0) * 2.0f64.mul_add(n, 5.0) / 18.0).sqrt();
        let all = slopes.len();
        let below = ((all as f64 - apart) / 2.0).floor().max(0.0) as usize;
        let bounds = (slopes[below.min(all - 1)], slopes[all - 1 - below.min(all - 1)]);
        let mut levels: Vec<f64> = points.iter().map(|(x, y)| slope.mul_add(-x, *y)).collect();
        levels.sort_by(f64::total_cmp);
        let level = middle(&levels);
        let mut off: Vec<f64> = points.iter().map(|(x, y)| (y - slope.mul_add(*x, level)).abs()).collect();
        off.sort_by(f64::total_cmp);
        Some(Self { slope, slopes: bounds, spread: NORMAL * middle(&off), level })
    }

    /// Its height at a time.
    pub(super) fn at(&self, x: f64) -> f64 {
        self.slope.mul_add(x, self.level)
    }
}

/// The median of sorted values, of which there is one at least.
fn middle(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) { f64::midpoint(sorted[half - 1], sorted[half]) } else { sorted[half] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wild_point_does_not_turn_the_line() {
        let mut points: Vec<(f64, f64)> =
            (0..10u8).map(|x| (f64::from(x), 0.1f64.mul_add(f64::from(x), 2.0))).collect();
        points[4].1 = 50.0;
        let line = RobustLine::through(&points).unwrap();
        assert!((line.slope - 0.1).abs() < 1e-9 && (line.at(20.0) - 4.0).abs() < 1e-9, "{line:?}");
        assert!(line.slopes.0 > 0.0 && line.slopes.0 <= line.slope && line.slopes.1 >= line.slope);
    }

    #[test]
    fn what_stands_still_may_rise_or_fall() {
        let points: Vec<(f64, f64)> =
            (0..12u8).map(|x| (f64::from(x), if x.is_multiple_of(2) { 0.5 } else { 0.6 })).collect();
        let line = RobustLine::through(&points).unwrap();
        assert!(line.slopes.0 <= 0.0 && line.slopes.1 >= 0.0, "{line:?}");
        assert_eq!(RobustLine::through(&points[..2]), None);
    }
}
