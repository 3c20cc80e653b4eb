//! Places for short labels beside marks, so that they do not cover each other or another mark.

/// Width of a character and height of a line, SVG units.
const CHARACTER: f64 = 7.2;
const LINE: f64 = 12.0;

/// A rectangle: left, top, right, bottom.
type Taken = (f64, f64, f64, f64);

/// What is taken already.
pub(crate) struct Labels {
    across: (f64, f64),
    down: (f64, f64),
    taken: Vec<Taken>,
}

impl Labels {
    /// Labels stay within these bounds.
    pub(crate) const fn new(across: (f64, f64), down: (f64, f64)) -> Self {
        Self { across, down, taken: Vec::new() }
    }

    /// Keeps labels off a mark of that half size.
    pub(crate) fn keep_off(&mut self, (x, y): (f64, f64), size: f64) {
        self.taken.push((x - size, y - size, x + size, y + size));
    }

    /// The middle of a label of so many characters beside a mark: as near as there is room.
    pub(crate) fn place(&mut self, (x, y): (f64, f64), size: f64, characters: usize) -> (f64, f64) {
        let half = (characters.max(1) as f64 * CHARACTER / 2.0, LINE / 2.0);
        let around = (0..8u8).map(f64::from).flat_map(|ring| {
            let (far, low) = (size + 3.0 + half.0 + ring * 8.0, size + 2.0 + half.1 + ring * 8.0);
            [
                (far, 0.0),
                (0.0, -low),
                (0.0, low),
                (-far, 0.0),
                (far, -low),
                (far, low),
                (-far, -low),
                (-far, low),
            ]
        });
        let first = (x + size + 3.0 + half.0, y);
        let at = around.map(|(right, down)| (x + right, y + down)).find(|at| self.is_free(*at, half));
        let at = at.unwrap_or(first);
        self.taken.push((at.0 - half.0, at.1 - half.1, at.0 + half.0, at.1 + half.1));
        at
    }

    fn is_free(&self, (x, y): (f64, f64), half: (f64, f64)) -> bool {
        let own = (x - half.0, y - half.1, x + half.0, y + half.1);
        let inside =
            own.0 >= self.across.0 && own.2 <= self.across.1 && own.1 >= self.down.0 && own.3 <= self.down.1;
        let meets = |taken: &Taken| own.0 < taken.2 && taken.0 < own.2 && own.1 < taken.3 && taken.1 < own.3;
        inside && !self.taken.iter().any(meets)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn labels_of_eight_marks_never_cover_anything(
            marks in prop::collection::vec((60.0f64..380.0, 30.0f64..180.0), 1..9),
        ) {
            let mut labels = Labels::new((52.0, 400.0), (14.0, 194.0));
            for mark in &marks {
                labels.keep_off(*mark, 5.0);
            }
            let placed: Vec<(f64, f64)> = marks.iter().map(|mark| labels.place(*mark, 5.0, 1)).collect();
            for (at, one) in placed.iter().enumerate() {
                let apart = |other: &(f64, f64), across: f64, down: f64| {
                    (other.0 - one.0).abs() >= across - 1e-9 || (other.1 - one.1).abs() >= down - 1e-9
                };
                let off_marks = marks.iter().all(|mark| apart(mark, 5.0 + 3.6, 5.0 + 6.0));
                let off_labels = placed.iter().skip(at + 1).all(|other| apart(other, 7.2, 12.0));
                prop_assert!(off_marks && off_labels, "{:?} of {:?}", one, placed);
            }
        }
    }
}
