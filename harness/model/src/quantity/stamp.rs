//! Times of the clock on the wall, as text: names of runs are the second in which they began.

/// `20261123T043720Z` of a wall-clock time: sorts by time, needs no escaping.
pub fn of(wall_ns: u64) -> String {
    let seconds = wall_ns / 1_000_000_000;
    let (year, month, day) = civil(seconds / 86_400);
    let rest = seconds % 86_400;
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// `2026-11-23 04:37 UTC` of seconds since 1970, for people.
pub fn read(seconds: u64) -> String {
    let (year, month, day) = civil(seconds / 86_400);
    let rest = seconds % 86_400;
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", rest / 3600, rest / 60 % 60)
}

/// Year, month and day of a day number since 1970 (proleptic Gregorian calendar, by counting).
fn civil(mut days: u64) -> (u64, u64, u64) {
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in lengths {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_name_the_second() {
        assert_eq!(read(1_795_408_640), "2026-11-23 04:37 UTC");
        assert_eq!(of(0), "19700101T000000Z");
        assert_eq!(of(951_827_696_000_000_000), "20000229T123456Z");
        assert_eq!(of(1_795_408_640_000_000_000), "20261123T043720Z");
    }
}
