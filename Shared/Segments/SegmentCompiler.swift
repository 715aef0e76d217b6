package import Core

/// Turns a segment into SQL.
///
/// Every name and value is bound; the text depends only on the shape of the segment (which operators, how nested), so
/// that segments of one shape share one prepared statement, and no input can become SQL. The predicate reads
/// `endpoints`, `events` for behaviour, and `segment_members` for imports; it never raises an error, whatever the stored
/// JSON holds.
package enum SegmentCompiler {
    /// A boolean over a row of `endpoints`, tenant first. Never null where it stands under a negation. Recency windows
    /// end at `now` (business time); `row` is the alias of `endpoints` in the caller's statement.
    package static func predicate(
        _ segment: ResolvedSegment,
        app: AppID,
        now: Instant,
        row: StaticString = "e"
    ) -> SQL {
        var writer = PredicateWriter(row: "\(row)", app: app, now: now)
        writer.write("\(row).app = \(writer.tenant) AND ")
        writer.write(segment.expression, isNegated: false, indent: 1)
        return SQL(unsafe: writer.text, binds: writer.binds)
    }
}
