//! Which bytes of a file a `Range` header asks for (RFC 9110, section 14).

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// From one byte to before another.
    Part {
        /// The first byte, from 0.
        start: u64,
        /// The byte after the last.
        end: u64,
    },
    /// Nothing that there is.
    Beyond,
}

/// Reads the header for a file of so many bytes. Nothing where it is to be ignored: it has another unit or several
/// ranges.
pub fn read(header: &str, bytes: u64) -> Option<Wanted> {
    let (first, last) = header.trim().strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| text.parse::<u64>().ok();
    let (start, end) = match (first, last) {
        // The last so many.
        ("", last) => (bytes.saturating_sub(number(last)?), bytes),
        (first, "") => (number(first)?, bytes),
        (first, last) => (number(first)?, number(last)?.saturating_add(1)),
    };
    let end = end.min(bytes);
    Some(if start < end { Wanted::Part { start, end } } else { Wanted::Beyond })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        let part = |start, end| Some(Wanted::Part { start, end });
        assert_eq!(read("bytes=2-4", 10), part(2, 5));
        assert_eq!(read("bytes=2-", 10), part(2, 10));
        assert_eq!(read("bytes=-3", 10), part(7, 10));
        assert_eq!(read("bytes=-30", 10), part(0, 10));
        assert_eq!(read("bytes=8-99", 10), part(8, 10));
        for beyond in ["bytes=10-", "bytes=5-4", "bytes=-0", "bytes=18446744073709551615-"] {
            assert_eq!(read(beyond, 10), Some(Wanted::Beyond), "{beyond}");
        }
        for ignored in ["", "lines=1-2", "bytes=1-2,4-5", "bytes=a-", "bytes=1"] {
            assert_eq!(read(ignored, 10), None, "{ignored}");
        }
    }
}
