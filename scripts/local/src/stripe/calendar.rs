//! The ends of billing periods, and dates as the wire and the page write them.

use time::{Date, Duration, Month, OffsetDateTime, Weekday};

/// The instant this many intervals after `start`; a month's missing day becomes its last.
pub(super) fn after(start: i64, interval: &str, count: i64) -> i64 {
    let begin = OffsetDateTime::from_unix_timestamp(start).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let end = match interval {
        "day" => begin + Duration::days(count),
        "week" => begin + Duration::weeks(count),
        "year" => months_after(begin, count * 12),
        _ => months_after(begin, count),
    };
    end.unix_timestamp()
}

/// The period that holds this instant, of those that follow each other from the anchor on. Each is counted from the anchor,
/// so that one which began on the 31st returns to it after a short month.
pub(super) fn period_at(anchor: i64, interval: &str, count: i64, instant: i64) -> (i64, i64) {
    let count = count.max(1);
    let (mut start, mut periods) = (anchor, 1);
    loop {
        let end = after(anchor, interval, count * periods);
        if end > instant || end <= start {
            return (start, end);
        }
        (start, periods) = (end, periods + 1);
    }
}

fn months_after(begin: OffsetDateTime, count: i64) -> OffsetDateTime {
    let months = i64::from(begin.year()) * 12 + i64::from(u8::from(begin.month())) - 1 + count;
    let year = i32::try_from(months.div_euclid(12)).unwrap_or(9999).min(9999);
    let month = u8::try_from(months.rem_euclid(12) + 1).expect("a month's number fits");
    let month = Month::try_from(month).expect("a number from 1 to 12 is a month");
    let day = begin.day().min(month.length(year));
    begin.replace_date(
        Date::from_calendar_date(year, month, day).expect("the day was cut to the month's length"),
    )
}

/// The `Date` header's form.
pub(super) fn http_date(unix_seconds: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(unix_seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let weekday = match at.weekday() {
        Weekday::Monday => "Mon",
        Weekday::Tuesday => "Tue",
        Weekday::Wednesday => "Wed",
        Weekday::Thursday => "Thu",
        Weekday::Friday => "Fri",
        Weekday::Saturday => "Sat",
        Weekday::Sunday => "Sun",
    };
    let month = &at.month().to_string()[..3];
    let (hour, minute, second) = at.to_hms();
    format!("{weekday}, {:02} {month} {} {hour:02}:{minute:02}:{second:02} GMT", at.day(), at.year())
}

#[cfg(test)]
mod tests {
    use super::{after, http_date, period_at};

    /// 2026-01-31T12:00:00Z.
    const LAST_OF_JANUARY: i64 = 1_769_860_800;

    #[test]
    fn a_month_without_that_day_ends_on_its_last() {
        assert_eq!(http_date(after(LAST_OF_JANUARY, "month", 1)), "Sat, 28 Feb 2026 12:00:00 GMT");
        assert_eq!(http_date(after(LAST_OF_JANUARY, "month", 13)), "Sun, 28 Feb 2027 12:00:00 GMT");
        assert_eq!(http_date(after(LAST_OF_JANUARY, "month", 12)), "Sun, 31 Jan 2027 12:00:00 GMT");
    }

    #[test]
    fn periods_are_counted_from_their_anchor() {
        let dates = |instant| {
            let (start, end) = period_at(LAST_OF_JANUARY, "month", 1, instant);
            (http_date(start)[5..11].to_owned(), http_date(end)[5..11].to_owned())
        };
        let period = |start: &str, end: &str| (start.to_owned(), end.to_owned());
        assert_eq!(dates(LAST_OF_JANUARY), period("31 Jan", "28 Feb"));
        assert_eq!(dates(LAST_OF_JANUARY + 28 * 86_400 - 1), period("31 Jan", "28 Feb"));
        assert_eq!(dates(LAST_OF_JANUARY + 28 * 86_400), period("28 Feb", "31 Mar"));
        assert_eq!(dates(LAST_OF_JANUARY + 59 * 86_400), period("31 Mar", "30 Apr"));
    }

    #[test]
    fn days_weeks_and_years_are_added_by_the_calendar() {
        assert_eq!(after(LAST_OF_JANUARY, "day", 3), LAST_OF_JANUARY + 3 * 86_400);
        assert_eq!(after(LAST_OF_JANUARY, "week", 2), LAST_OF_JANUARY + 14 * 86_400);
        assert_eq!(http_date(after(LAST_OF_JANUARY, "year", 2)), "Mon, 31 Jan 2028 12:00:00 GMT");
    }
}
