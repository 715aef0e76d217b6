import Core
package import PinpointAPI

extension SegmentDefinition {
    /// Reads a write request: what the service model cannot say about it is checked here, and every refusal names the
    /// member at fault.
    package init(_ request: WriteSegmentRequest) throws(APIError) {
        var narrowing = SegmentExpression.everyone
        if let needletail = request.needletail {
            let conditions = try SegmentExtensionReader.conditions(of: needletail, at: .root.member("Needletail"))
            narrowing = .conjunction(conditions.map(SegmentExpression.condition))
        }
        switch (request.dimensions, request.segmentGroups) {
        case (let dimensions?, nil):
            let expression = try DimensionReader.expression(of: dimensions, at: .root.member("Dimensions"))
            self = .dimensions(expression, narrowedBy: narrowing)
        case (nil, let list?):
            self = try Self.groups(list, narrowedBy: narrowing, at: .root.member("SegmentGroups"))
        case (.some, .some):
            throw .badRequest("Dimensions and SegmentGroups exclude each other")
        case (nil, nil) where narrowing != .everyone:
            self = .dimensions(.everyone, narrowedBy: narrowing)
        case (nil, nil):
            throw .badRequest("Dimensions or SegmentGroups is required")
        }
        guard dimensionCount <= Limits.dimensionsPerSegment else {
            throw .badRequest(
                "The segment has \(dimensionCount) dimensions and source segments; \(Limits.dimensionsPerSegment) are allowed"
            )
        }
    }

    private static func groups(
        _ list: SegmentGroupList,
        narrowedBy narrowing: SegmentExpression,
        at path: WirePath
    ) throws(APIError) -> SegmentDefinition {
        let groupsPath = path.member("Groups")
        guard let wireGroups = list.groups, !wireGroups.isEmpty else {
            throw groupsPath.refusal("must have at least one group")
        }
        var groups: [Group] = []
        for (index, group) in wireGroups.enumerated() {
            groups.append(try Group(group, at: groupsPath.element(index)))
        }
        return .groups(Combination(list.include), groups, narrowedBy: narrowing)
    }
}

extension SegmentDefinition.Group {
    fileprivate init(_ group: PinpointAPI.SegmentGroup, at path: WirePath) throws(APIError) {
        var sources: [SegmentDefinition.Source] = []
        for (index, source) in (group.sourceSegments ?? []).enumerated() {
            let place = path.member("SourceSegments").element(index)
            guard let id = source.id.flatMap({ SegmentID($0) }) else {
                throw place.member("Id").refusal("must be the id of a segment")
            }
            if let version = source.version, version < 1 {
                throw place.member("Version").refusal("must be at least 1; got \(version)")
            }
            sources.append(SegmentDefinition.Source(id: id, version: source.version))
        }
        var dimensions: [SegmentExpression] = []
        for (index, item) in (group.dimensions ?? []).enumerated() {
            dimensions.append(try DimensionReader.expression(of: item, at: path.member("Dimensions").element(index)))
        }
        self.init(
            sources: sources,
            sourceType: Combination(group.sourceType),
            dimensions: dimensions,
            type: Combination(group.type)
        )
    }
}

extension Combination {
    /// An absent `Include`, `SourceType` or `Type` means ALL.
    fileprivate init(_ include: Include?) { self = include.flatMap { Combination(rawValue: $0.rawValue) } ?? .all }
    fileprivate init(_ type: SourceType?) { self = type.flatMap { Combination(rawValue: $0.rawValue) } ?? .all }
    fileprivate init(_ type: SegmentGroupType?) { self = type.flatMap { Combination(rawValue: $0.rawValue) } ?? .all }
}
