//! Times of the clock on the wall, as text: names of runs are the second in which they began.

/// `20261123T043720Z` of a wall-clock time: sorts by time, needs no escaping.
pub fn of(wall_ns: u64) -> String {
    let seconds = wall_ns / 1_000_000_000;
    let (year, month, day) = civil(seconds / 86_400);
    let rest = seconds % 86_400;
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// `2026-11-23T04:37:20.000000001Z` of a wall-clock time, as RFC 3339 has it.
pub fn exact(wall_ns: u64) -> String {
    let (seconds, below) = (wall_ns / 1_000_000_000, wall_ns % 1_000_000_000);
    let (year, month, day) = civil(seconds / 86_400);
    let rest = seconds % 86_400;
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{below:09}Z")
}

/// `2026-11-23 04:37 UTC` of seconds since 1970, for people.
pub fn read(seconds: u64) -> String {
    let (year, month, day) = civil(seconds / 86_400);
    let rest = seconds % 86_400;
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", rest / 3600, rest / 60 % 60)
}

/// Days from the first of March of year 0 to the first day of 1970.
const TO_1970: i64 = 719_468;
/// Days of 400 years.
const ERA: i64 = 146_097;

/// Days since 1970 of a date of the Gregorian calendar (Hinnant's `days_from_civil`).
pub(crate) const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year.div_euclid(400) * ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year - TO_1970
}

/// Days of a month, where there is one of that number.
pub(crate) const fn days_of_month(year: i64, month: i64) -> Option<i64> {
    match month {
        12 => Some(31),
        1..12 => Some(days(year, month + 1, 1) - days(year, month, 1)),
        _ => None,
    }
}

/// Year, month and day of a day number since 1970: the other way round.
const fn civil(days: u64) -> (i64, i64, i64) {
    let days = days as i64 + TO_1970;
    let of_era = days % ERA;
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = days / ERA * 400 + year + (month <= 2) as i64;
    (year, month, of_year - (153 * from_march + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_name_the_second() {
        assert_eq!(read(1_795_408_640), "2026-11-23 04:37 UTC");
        assert_eq!(of(0), "19700101T000000Z");
        assert_eq!(exact(951_827_696_000_000_007), "2000-02-29T12:34:56.000000007Z");
        assert_eq!(of(951_827_696_000_000_000), "20000229T123456Z");
        assert_eq!(of(1_795_408_640_000_000_000), "20261123T043720Z");
    }

    #[test]
    fn days_and_dates_are_each_other() {
        for day in 0..200_000 {
            let (year, month, of_month) = civil(day);
            assert_eq!(days(year, month, of_month), day as i64);
            assert!((1..=days_of_month(year, month).unwrap()).contains(&of_month));
        }
        let february = [1900, 2000, 2023, 2024].map(|year| days_of_month(year, 2).unwrap());
        assert_eq!(
            (february, days_of_month(2024, 13), days_of_month(2024, 0)),
            ([28, 29, 28, 29], None, None)
        );
    }
}
