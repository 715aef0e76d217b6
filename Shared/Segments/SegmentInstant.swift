package import Core

/// The dates that segments compare: `YYYY-MM-DDTHH:MM:SS[.fraction]Z` (ISO_INSTANT), UTC only.
///
/// Narrower than what the API accepts elsewhere, because SQL must read the same texts: `needletail_instant` in the
/// schema is this function's twin, and neither ever fails. Digits past the sixth are dropped.
package enum SegmentInstant {
    /// Nil for any other text, for a day or an hour that does not exist, and for year 0000.
    package static func parse(_ text: String) -> Instant? {
        let shape = text.utf8
        guard (20...30).contains(shape.count), shape.count != 21, shape.last == UInt8(ascii: "Z") else { return nil }
        var position = 0
        for byte in shape {
            let isExpected =
                switch position {
                case 4, 7: byte == UInt8(ascii: "-")
                case 10: byte == UInt8(ascii: "T")
                case 13, 16: byte == UInt8(ascii: ":")
                case 19 where position < shape.count - 1: byte == UInt8(ascii: ".")
                case shape.count - 1: true
                default: (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                }
            guard isExpected else { return nil }
            position += 1
        }
        // The shared parser takes a leap second; SQL's timestamps have none.
        guard shape.dropFirst(17).first != UInt8(ascii: "6") else { return nil }
        return ISO8601.parse(text)
    }

    /// The UTC day of an instant as above, or a day by itself (`1998-07-01`). Twin: `needletail_day`.
    package static func parseDay(_ text: String) -> Day? {
        parse(text.utf8.count == 10 ? text + "T00:00:00Z" : text)?.day
    }
}
