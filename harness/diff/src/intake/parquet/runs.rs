//! Small numbers in runs and in packs, as Parquet has them for what is there and for which of the different values it is.

use crate::intake::window::{PieceStop, ReadPiece};

/// A position in such numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NumberRuns {
    /// Where the next run begins, and where all end, in the page.
    at: usize,
    end: usize,
    /// Bits of a number.
    width: u8,
    /// Numbers that are left of the run, and of what sort it is.
    left: u64,
    run: OneRun,
}

#[derive(Clone, Copy, Debug, Default)]
enum OneRun {
    #[default]
    None,
    /// The same number again and again.
    Same(u32),
    /// Each in its bits, the first so many bits into the page.
    Packed(usize),
}

impl NumberRuns {
    pub(super) const fn new(at: usize, end: usize, width: u8) -> Self {
        Self { at, end, width, left: 0, run: OneRun::None }
    }

    /// The next number.
    pub(super) fn next(&mut self, page: &[u8]) -> ReadPiece<u32> {
        while self.left == 0 {
            self.begin(page)?;
        }
        self.left -= 1;
        match &mut self.run {
            OneRun::Same(number) => Ok(*number),
            OneRun::Packed(bit) => {
                let (first, shift) = (*bit / 8, *bit % 8);
                *bit += usize::from(self.width);
                let bytes = page.get(first..bit.div_ceil(8)).unwrap_or_default();
                let held = bytes.iter().rev().fold(0_u64, |held, byte| held << 8 | u64::from(*byte));
                let mask = (1_u64 << self.width) - 1;
                Ok((held >> shift & mask) as u32)
            }
            OneRun::None => Err(PieceStop::Wrong(self.at, "a page has fewer values than it says")),
        }
    }

    /// Begins the next run.
    fn begin(&mut self, page: &[u8]) -> ReadPiece<()> {
        let (mut head, mut shift) = (0_u64, 0);
        loop {
            let byte =
                *self.inside(page).first().ok_or(PieceStop::Wrong(self.at, "a page ends too early"))?;
            self.at += 1;
            head |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                break;
            }
            if shift > 28 {
                return Err(PieceStop::Wrong(self.at, "a run is longer than a page can be"));
            }
        }
        let (packed, many) = (head & 1 == 1, head >> 1);
        let bytes = if packed { many * u64::from(self.width) } else { u64::from(self.width.div_ceil(8)) };
        let inside = self.inside(page);
        // The last pack may lack the bytes of numbers that are not there.
        let bytes = if packed { bytes.min(inside.len() as u64) } else { bytes } as usize;
        let value = inside.get(..bytes).ok_or(PieceStop::Wrong(self.at, "a page ends inside a run"))?;
        self.left = if packed { many * 8 } else { many };
        self.run = if packed {
            let there = (bytes as u64 * 8).checked_div(u64::from(self.width));
            self.left = self.left.min(there.unwrap_or(self.left));
            OneRun::Packed(self.at * 8)
        } else {
            OneRun::Same(value.iter().rev().fold(0, |held, byte| held << 8 | u32::from(*byte)))
        };
        self.at += bytes;
        Ok(())
    }

    fn inside<'p>(&self, page: &'p [u8]) -> &'p [u8] {
        page.get(self.at..self.end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(page: &[u8], width: u8, many: usize) -> Vec<u32> {
        let mut runs = NumberRuns::new(0, page.len(), width);
        (0..many).map(|_| runs.next(page).unwrap()).collect()
    }

    #[test]
    fn runs_and_packs_are_read() {
        assert_eq!(numbers(&[3, 0x88, 0xc6, 0xfa], 3, 8), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(numbers(&[6, 5, 3, 0x88, 0xc6, 0xfa], 3, 5), [5, 5, 5, 0, 1]);
        assert_eq!(numbers(&[4, 44, 1], 9, 2), [300, 300]);
        // One different value needs no bits.
        assert_eq!(numbers(&[8], 0, 4), [0; 4]);
        let mut runs = NumberRuns::new(0, 2, 1);
        assert_eq!(runs.next(&[2, 1]).unwrap(), 1);
        assert!(runs.next(&[2, 1]).is_err());
    }
}
