//! Digits in groups of three, as people read large numbers.

/// Decimal digits with a comma between groups of three.
pub fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_three_digits() {
        assert_eq!(["7", "999", "1000", "2475000"].map(grouped), ["7", "999", "1,000", "2,475,000"]);
    }
}
