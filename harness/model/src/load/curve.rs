//! The rate over time, in pieces on which it is constant or changes evenly, and the time by which a number of requests is
//! due.

use crate::quantity::unit::Period;
use crate::scenario::Shape;

/// A stretch of time on which the rate goes evenly from one value to another.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Requests per second at its beginning.
    from: f64,
    /// Requests per second at its end.
    to: f64,
    /// Length, nanoseconds.
    nanos: f64,
}

/// The rate over the whole load.
#[derive(Clone, Debug, Default)]
pub(super) struct Curve(Vec<Piece>);

impl Piece {
    fn flat(rate: f64, nanos: u64) -> Self {
        Self { from: rate, to: rate, nanos: nanos as f64 }
    }

    /// Requests that fall into it.
    #[inline]
    fn area(&self) -> f64 {
        // Not times the rate: the same quotient is the distance of two requests.
        self.nanos / (1e9 / f64::midpoint(self.from, self.to))
    }

    /// When the `n`-th request of the piece is due, nanoseconds from the piece's beginning.
    #[inline]
    fn due(&self, n: f64) -> f64 {
        let change = self.to - self.from;
        if change == 0.0 {
            return n * (1e9 / self.from);
        }
        // n = from·t + change/(2T)·t², solved in the form that loses no digits when the change is small.
        let slope = change / (self.nanos / 1e9);
        let root = (self.from * self.from + 2.0 * slope * n).max(0.0).sqrt();
        2e9 * n / (self.from + root)
    }
}

impl Curve {
    /// A constant rate for a time.
    pub(super) fn flat(rate: f64, lasting: Period) -> Self {
        Self(vec![Piece::flat(rate, lasting.nanos())])
    }

    /// A shape that begins at a rate, for a time.
    pub(super) fn shaped(rate: f64, shape: &Shape, lasting: Period) -> Self {
        Self(match shape {
            Shape::Constant => vec![Piece::flat(rate, lasting.nanos())],
            Shape::Ramp(ramp) => {
                vec![Piece { from: rate, to: ramp.to.0, nanos: lasting.nanos() as f64 }]
            }
            Shape::Steps(steps) => {
                steps.iter().map(|step| Piece::flat(step.rate.0, step.lasting.nanos())).collect()
            }
            Shape::Bursts(bursts) => {
                let pair = [(bursts.rate.0, bursts.lasting), (rate, bursts.every.minus(bursts.lasting))];
                alternating(&pair, lasting)
            }
        })
    }

    /// This curve after a constant rate for a time.
    pub(super) fn after(mut self, rate: f64, lasting: Period) -> Self {
        self.0.insert(0, Piece::flat(rate, lasting.nanos()));
        self
    }

    /// Requests in all.
    pub(super) fn total(&self) -> f64 {
        self.0.iter().map(Piece::area).sum()
    }

    /// When requests are due, nanoseconds from the beginning; `numbers` ascend. Ends with the curve.
    #[inline]
    pub(super) fn due(self, numbers: impl Iterator<Item = f64>) -> impl Iterator<Item = u64> {
        let mut pieces = self.0.into_iter().peekable();
        let (mut began, mut before) = (0.0, 0.0);
        numbers.map_while(move |number| {
            loop {
                let piece = *pieces.peek()?;
                let area = piece.area();
                if number - before < area {
                    return Some((began + piece.due(number - before).min(piece.nanos)) as u64);
                }
                pieces.next();
                began += piece.nanos;
                before += area;
            }
        })
    }
}

/// Rates in turn until the time is up. A pair that takes no time gives no pieces.
fn alternating(pair: &[(f64, Period); 2], lasting: Period) -> Vec<Piece> {
    let mut left = lasting.nanos();
    let mut out = Vec::new();
    if pair.iter().all(|(_, period)| period.nanos() == 0) {
        return out;
    }
    for (rate, period) in pair.iter().cycle() {
        if left == 0 {
            break;
        }
        let nanos = period.nanos().min(left);
        left -= nanos;
        out.push(Piece::flat(*rate, nanos));
    }
    out
}
