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

    /// Inlines the source segments of `definition`. `sources` holds the stored version that each reference means, here
    /// and in the sources themselves.
    ///
    /// Throws `Fault(.invalid)` when a source is missing or on the way to itself, and when the whole is deeper than
    /// `Limits.segmentDepth` segments or larger than `Limits.conditionsPerResolvedSegment`.
    package static func resolve(
        _ definition: SegmentDefinition,
        id: SegmentID? = nil,
        version: Int? = nil,
        sources: [SegmentDefinition.Source: SegmentVersion] = [:]
    ) throws(Fault) -> ResolvedSegment {
        var resolver = Resolver(sources: sources)
        if let id { resolver.path.append((id, version)) }
        let expression = try resolver.expression(of: definition, level: 1)
        return ResolvedSegment(id: id, version: version, expression: expression)
    }
}

private struct Resolver {
    let sources: [SegmentDefinition.Source: SegmentVersion]
    /// From the outermost segment to the one at hand.
    var path: [(id: SegmentID, version: Int?)] = []
    var conditions = 0

    mutating func expression(of definition: SegmentDefinition, level: Int) throws(Fault) -> SegmentExpression {
        guard level <= Limits.segmentDepth else {
            throw Fault(
                .invalid,
                "SegmentGroups: source segments are nested more than \(Limits.segmentDepth) levels deep"
            )
        }
        switch definition {
        case .dimensions(let expression):
            try count(expression.conditionCount)
            return expression
        case .groups(let include, let groups):
            var resolved: [SegmentExpression] = []
            for group in groups { resolved.append(try expression(of: group, level: level)) }
            return .restriction(include, resolved)
        }
    }

    private mutating func expression(of group: SegmentDefinition.Group, level: Int) throws(Fault) -> SegmentExpression {
        var bases: [SegmentExpression] = []
        for reference in group.sources { bases.append(try expression(of: reference, level: level)) }
        try count(group.dimensions.reduce(0) { $0 + $1.conditionCount })
        return .conjunction([.restriction(group.sourceType, bases), .restriction(group.type, group.dimensions)])
    }

    private mutating func expression(of reference: SegmentDefinition.Source, level: Int) throws(Fault)
        -> SegmentExpression
    {
        guard let found = sources[reference] else {
            let version = reference.version.map { " version \($0)" } ?? ""
            throw Fault(.invalid, "SegmentGroups: source segment \(reference.id)\(version) does not exist")
        }
        guard !path.contains(where: { $0.id == found.id && $0.version == found.version }) else {
            let names = (path.map(\.id) + [found.id]).map(\.description).joined(separator: " → ")
            throw Fault(.invalid, "SegmentGroups: source segments form a cycle: \(names)")
        }
        // A reference counts, so that a tree of segments without conditions is bounded too.
        try count(1)
        path.append((found.id, found.version))
        let resolved = try expression(of: found.definition, level: level + 1)
        path.removeLast()
        return resolved
    }

    private mutating func count(_ more: Int) throws(Fault) {
        conditions += more
        guard conditions <= Limits.conditionsPerResolvedSegment else {
            throw Fault(
                .invalid,
                "SegmentGroups: more than \(Limits.conditionsPerResolvedSegment) dimensions with those of source segments"
            )
        }
    }
}
