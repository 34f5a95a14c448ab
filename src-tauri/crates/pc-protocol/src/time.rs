//! Times of the wire. Resources write local times of the cloud (UTC+8) without saying so.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// The cloud's own time zone, UTC+8, in which days and months of the bill are cut too.
pub fn zone() -> TimeZone {
    TimeZone::fixed(Offset::constant(8))
}

/// As fine-tunes and files write it: `2026-05-01 10:00:00`.
pub fn spaced(time: Timestamp) -> String {
    time.to_zoned(zone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// As deployments write it: `2026-05-01T10:00:00.123`.
pub fn with_t(time: Timestamp) -> String {
    time.to_zoned(zone()).strftime("%Y-%m-%dT%H:%M:%S%.3f").to_string()
}

/// Reads either form, and RFC 3339 with a zone of its own; nothing when it is no time.
pub fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse().ok().or_else(|| text.parse::<DateTime>().ok()?.to_zoned(zone()).ok().map(|time| time.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_local_forms_and_a_zoned_one_are_the_same_instant() {
        let time: Timestamp = "2026-05-01T02:00:00Z".parse().unwrap();
        assert_eq!((spaced(time).as_str(), with_t(time).as_str()), ("2026-05-01 10:00:00", "2026-05-01T10:00:00.000"));
        for text in
            ["2026-05-01 10:00:00", "2026-05-01T10:00:00.000", "2026-05-01T02:00:00Z", "2026-05-01T10:00:00+08:00"]
        {
            assert_eq!(read(text), Some(time), "{text}");
        }
        assert_eq!(read("2026-05-01T11:00:38.68").unwrap().subsec_millisecond(), 680);
        assert_eq!((read("soon"), read("")), (None, None));
    }
}
