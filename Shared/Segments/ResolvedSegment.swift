package import Core

/// A segment with its source segments inlined: complete in itself, so that a run can freeze it.
package struct ResolvedSegment: Hashable, Sendable {
    /// Nil for a definition that is not stored (an estimate).
    package var id: SegmentID?
    package var version: Int?
    package var expression: SegmentExpression

    package init(id: SegmentID? = nil, version: Int? = nil, expression: SegmentExpression) {
        self.id = id
        self.version = version
        self.expression = expression
    }

    /// Inlines the source segments of `definition`; see `SegmentOutline.resolve`.
    package static func resolve(
        _ definition: SegmentDefinition,
        id: SegmentID? = nil,
        version: Int? = nil,
        sources: [SegmentDefinition.Source: SegmentVersion] = [:]
    ) throws(Fault) -> ResolvedSegment {
        let outline = try SegmentOutline.resolve(definition, id: id, version: version, sources: sources)
        return ResolvedSegment(id: id, version: version, expression: outline.expression)
    }
}
