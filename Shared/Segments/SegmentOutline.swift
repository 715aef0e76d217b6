package import Core
package import PinpointAPI

/// A segment with its source segments inlined, laid out as its definitions are: each part says where it stands in them.
/// Explaining walks it; everything else takes its `expression`.
package indirect enum SegmentOutline: Sendable {
    case combination(Combination, at: WirePath, [SegmentOutline])
    /// A source segment. Paths below it are of its own definition.
    case source(SegmentVersion, at: WirePath, SegmentOutline)
    case condition(SegmentCondition, at: WirePath)

    /// The same without the levels that say nothing.
    package var expression: SegmentExpression {
        switch self {
        case .combination(let type, _, let members):
            let expressions = members.map(\.expression)
            return expressions.isEmpty ? .combination(type, []) : .restriction(type, expressions)
        case .source(_, _, let outline): return outline.expression
        case .condition(let condition, _): return .condition(condition)
        }
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
    ) throws(Fault) -> SegmentOutline {
        var resolver = OutlineResolver(sources: sources)
        if let id { resolver.path.append((id, version)) }
        return try resolver.outline(of: definition, level: 1)
    }

    /// What one SegmentDimensions or one member `Needletail` came to.
    static func of(_ expression: SegmentExpression, at path: WirePath) -> SegmentOutline {
        var places = ConditionPlaces(path: path)
        return of(expression, at: path, &places)
    }

    private static func of(
        _ expression: SegmentExpression,
        at path: WirePath,
        _ places: inout ConditionPlaces
    ) -> SegmentOutline {
        switch expression {
        case .combination(let type, let members):
            var outlines: [SegmentOutline] = []
            for member in members { outlines.append(of(member, at: path, &places)) }
            return .combination(type, at: path, outlines)
        case .condition(let condition):
            return .condition(condition, at: places.next(condition))
        }
    }
}

/// Where the conditions of one SegmentDimensions stand in it: lists are numbered in the order in which they come.
private struct ConditionPlaces {
    let path: WirePath
    private var behaviors = 0
    private var sequences = 0
    private var dates = 0

    init(path: WirePath) {
        self.path = path
    }

    mutating func next(_ condition: SegmentCondition) -> WirePath {
        let needletail = needletail
        func element(_ list: String, _ count: inout Int) -> WirePath {
            count += 1
            return needletail.member(list).element(count - 1)
        }
        switch condition {
        case .attribute(let owner, let name, _): return path.member(owner.rawValue).member(name)
        case .metric(let name, _, _): return path.member("Metrics").member(name)
        case .demographic(let field, _): return path.member("Demographic").member(field.rawValue)
        case .country: return path.member("Location").member("Country")
        case .near: return path.member("Location").member("GPSPoint")
        case .recency: return path.member("Behavior").member("Recency")
        case .behavior: return element("Behaviors", &behaviors)
        case .sequence: return element("Sequences", &sequences)
        case .date: return element("Dates", &dates)
        case .percentage: return needletail.member("Percentage")
        case .imported: return .root.member("ImportDefinition")
        }
    }

    private var needletail: WirePath {
        if case .member(.root, "Needletail") = path { path } else { path.member("Needletail") }
    }
}

private struct OutlineResolver {
    let sources: [SegmentDefinition.Source: SegmentVersion]
    /// From the outermost segment to the one at hand.
    var path: [(id: SegmentID, version: Int?)] = []
    var conditions = 0

    mutating func outline(of definition: SegmentDefinition, level: Int) throws(Fault) -> SegmentOutline {
        guard level <= Limits.segmentDepth else {
            throw Fault(
                .invalid,
                "SegmentGroups: source segments are nested more than \(Limits.segmentDepth) levels deep"
            )
        }
        switch definition {
        case .dimensions(let expression, let narrowing):
            try count(expression.conditionCount)
            return try narrowed(.of(expression, at: .root.member("Dimensions")), by: narrowing)
        case .groups(let include, let groups, let narrowing):
            var outlines: [SegmentOutline] = []
            let place = WirePath.root.member("SegmentGroups")
            for (index, group) in groups.enumerated() {
                outlines.append(try outline(of: group, at: place.member("Groups").element(index), level: level))
            }
            return try narrowed(.combination(include, at: place, outlines), by: narrowing)
        }
    }

    private mutating func narrowed(
        _ outline: SegmentOutline,
        by narrowing: SegmentExpression
    ) throws(Fault) -> SegmentOutline {
        guard narrowing != .everyone else { return outline }
        try count(narrowing.conditionCount)
        return .combination(.all, at: .root, [outline, .of(narrowing, at: .root.member("Needletail"))])
    }

    private mutating func outline(
        of group: SegmentDefinition.Group,
        at place: WirePath,
        level: Int
    ) throws(Fault) -> SegmentOutline {
        var bases: [SegmentOutline] = []
        let sourcesPlace = place.member("SourceSegments")
        for (index, reference) in group.sources.enumerated() {
            bases.append(try outline(of: reference, at: sourcesPlace.element(index), level: level))
        }
        try count(group.dimensions.reduce(0) { $0 + $1.conditionCount })
        let dimensionsPlace = place.member("Dimensions")
        let dimensions = group.dimensions.enumerated().map { index, expression in
            SegmentOutline.of(expression, at: dimensionsPlace.element(index))
        }
        return .combination(
            .all,
            at: place,
            [
                Self.restriction(group.sourceType, bases, at: sourcesPlace),
                Self.restriction(group.type, dimensions, at: dimensionsPlace),
            ]
        )
    }

    /// No members mean no restriction, whatever the type.
    private static func restriction(
        _ type: Combination,
        _ members: [SegmentOutline],
        at place: WirePath
    ) -> SegmentOutline {
        .combination(members.isEmpty ? .all : type, at: place, members)
    }

    private mutating func outline(
        of reference: SegmentDefinition.Source,
        at place: WirePath,
        level: Int
    ) throws(Fault) -> SegmentOutline {
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
        let resolved = try outline(of: found.definition, level: level + 1)
        path.removeLast()
        return .source(found, at: place, resolved)
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
