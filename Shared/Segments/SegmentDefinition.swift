package import Core

/// A segment as one write defines it: validated, with its source segments by reference.
package enum SegmentDefinition: Hashable, Sendable {
    /// `narrowedBy`: the conditions of the request's own member `Needletail`.
    case dimensions(SegmentExpression, narrowedBy: SegmentExpression = .everyone)
    case groups(Combination, [Group], narrowedBy: SegmentExpression = .everyone)

    /// The source segments that it names, without repeats.
    package var sources: [Source] {
        switch self {
        case .dimensions: return []
        case .groups(_, let groups, _):
            var seen: Set<Source> = []
            return groups.flatMap(\.sources).filter { seen.insert($0).inserted }
        }
    }

    /// Conditions and source references: what `Limits.dimensionsPerSegment` bounds.
    package var dimensionCount: Int {
        switch self {
        case .dimensions(let expression, let narrowing): expression.conditionCount + narrowing.conditionCount
        case .groups(_, let groups, let narrowing):
            groups.reduce(narrowing.conditionCount) { sum, group in
                sum + group.sources.count + group.dimensions.reduce(0) { $0 + $1.conditionCount }
            }
        }
    }
}

extension SegmentDefinition {
    /// A base (members of source segments; everyone when there are none) narrowed by dimensions.
    package struct Group: Hashable, Sendable {
        package var sources: [Source]
        package var sourceType: Combination
        package var dimensions: [SegmentExpression]
        package var type: Combination

        package init(
            sources: [Source],
            sourceType: Combination,
            dimensions: [SegmentExpression],
            type: Combination
        ) {
            self.sources = sources
            self.sourceType = sourceType
            self.dimensions = dimensions
            self.type = type
        }
    }

    /// Names a segment of the same app. Without a version: the latest at the time of resolving.
    package struct Source: Hashable, Sendable {
        package var id: SegmentID
        package var version: Int?

        package init(id: SegmentID, version: Int? = nil) {
            self.id = id
            self.version = version
        }
    }
}

/// One stored version of a segment, as resolving reads it.
package struct SegmentVersion: Hashable, Sendable {
    package var id: SegmentID
    package var version: Int
    package var definition: SegmentDefinition

    package init(id: SegmentID, version: Int, definition: SegmentDefinition) {
        self.id = id
        self.version = version
        self.definition = definition
    }
}

extension SegmentExpression {
    /// `all` without levels that say nothing: nested `all` is spliced in, a single member stands for itself.
    package static func conjunction(_ members: [SegmentExpression]) -> SegmentExpression {
        let flat = members.flatMap { member -> [SegmentExpression] in
            if case .combination(.all, let inner) = member { inner } else { [member] }
        }
        return flat.count == 1 ? flat[0] : .combination(.all, flat)
    }

    /// `type` over `members`, where no members mean no restriction.
    package static func restriction(_ type: Combination, _ members: [SegmentExpression]) -> SegmentExpression {
        guard !members.isEmpty else { return .everyone }
        return switch type {
        case .all: conjunction(members)
        case .any: members.count == 1 ? members[0] : .combination(.any, members)
        case .none: .combination(.none, members)
        }
    }
}
