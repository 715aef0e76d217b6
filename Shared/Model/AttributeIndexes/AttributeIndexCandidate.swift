package import Core
package import Segments

/// An index that a segment could use, and the conditions that it would answer.
package struct AttributeIndexCandidate: Sendable {
    package let index: AttributeIndex
    package let conditions: [SegmentCondition]

    /// Of one segment at most this many are considered, by name.
    private static let limit = 8

    /// What every member must fulfil decides; what stands under ANY or NONE narrows nothing.
    package static func all(of segment: ResolvedSegment, app: AppID) -> [AttributeIndexCandidate] {
        var required: [SegmentCondition] = []
        collect(segment.expression, into: &required)
        var candidates: [AttributeIndexCandidate] = []
        var fields: [AttributeIndex.Field: [SegmentCondition]] = [:]
        var metrics: [String: [SegmentCondition]] = [:]
        for condition in required {
            switch condition {
            case .attribute(let owner, let name, .inclusive):
                let index = AttributeIndex(app: app, key: .values(owner, name: name))
                candidates.append(AttributeIndexCandidate(index: index, conditions: [condition]))
            case .metric(let name, _, _): metrics[name, default: []].append(condition)
            case .country(.inclusive): fields[.country, default: []].append(condition)
            case .demographic(let field, .inclusive): fields[.init(field), default: []].append(condition)
            case .attribute, .country, .demographic, .near, .recency, .behavior, .sequence, .date, .percentage,
                .imported:
                continue
            }
        }
        let names = fields.keys.sorted { $0.rawValue < $1.rawValue }
        let ofFields = names.flatMap { fields[$0] ?? [] }
        for (name, conditions) in metrics.sorted(by: { $0.key < $1.key }) {
            let index = AttributeIndex(app: app, key: .fields(names, metric: name))
            candidates.append(AttributeIndexCandidate(index: index, conditions: ofFields + conditions))
        }
        if !names.isEmpty, metrics.isEmpty {
            let index = AttributeIndex(app: app, key: .fields(names, metric: nil))
            candidates.append(AttributeIndexCandidate(index: index, conditions: ofFields))
        }
        return Array(candidates.prefix(limit))
    }

    private static func collect(_ expression: SegmentExpression, into required: inout [SegmentCondition]) {
        switch expression {
        case .condition(let condition): required.append(condition)
        case .combination(.all, let members):
            for member in members { collect(member, into: &required) }
        case .combination(.any, let members):
            if let only = members.first, members.count == 1 { collect(only, into: &required) }
        case .combination(.none, _): return
        }
    }
}
