package import Core
import Crypto
package import Segments

/// An index on `endpoints` that finds the members of some segment of one app without reading the others.
///
/// Partial (the app's rows only), so that other apps pay nothing for it, and on expressions exactly as `SegmentCompiler`
/// writes them. Names of attributes are literals in its definition, never identifiers.
package struct AttributeIndex: Hashable, Sendable {
    package enum Key: Hashable, Sendable {
        /// The values of one attribute (GIN): what INCLUSIVE asks.
        case values(AttributeOwner, name: String)
        /// Fields with one value each, and after them a metric (B-tree): equality on the former, a range of the latter.
        case fields([Field], metric: String?)
    }

    package enum Field: String, Hashable, Sendable {
        case country
        case appVersion, channel, deviceType, make, model, platform
    }

    package let app: AppID
    package let key: Key

    package init(app: AppID, key: Key) {
        self.app = app
        self.key = key
    }

    /// What the names of all such indexes begin with; no other relation has such a name.
    package static let namePrefix = "attribute_index_"

    /// Follows from what it is, so that the catalog alone says which exist.
    package var name: String {
        let (columns, names) = definition
        var bytes = app.bytes + Array(columns.utf8)
        for name in names { bytes += [0] + Array(name.utf8) }
        return Self.namePrefix + Hex.lowercase(SHA256.hash(bytes).prefix(8))
    }

    /// What a write pays for it: a B-tree next to nothing, a GIN as much as the whole update of a row whose attributes change
    /// (ops/decisions/segment-speed.md).
    var upkeep: Int {
        switch key {
        case .fields: 0
        case .values: 1
        }
    }

    /// The statement that makes it, written by the server: `format` quotes the names.
    var creation: SQL {
        let (columns, names) = definition
        let template = "CREATE INDEX CONCURRENTLY %I ON endpoints USING \(columns) WHERE app = %L"
        return "SELECT format(\(template), VARIADIC \([name] + names + [uuid]))"
    }

    /// Access method and columns as a template of `format`, and the names that stand in it.
    private var definition: (columns: String, names: [String]) {
        switch key {
        case .values(let owner, let name):
            return ("gin ((\(owner == .endpoint ? "attributes" : "user_attributes") -> %L))", [name])
        case .fields(let fields, let metric):
            var columns = fields.map(\.expression)
            if metric != nil { columns.append("needletail_number(metrics -> %L)") }
            return ("btree (\(columns.joined(separator: ", ")))", metric.map { [$0] } ?? [])
        }
    }

    private var uuid: String {
        let hex = Array(app.description)
        return [hex[..<8], hex[8..<12], hex[12..<16], hex[16..<20], hex[20...]].map { String($0) }.joined(
            separator: "-")
    }
}

extension AttributeIndex.Field {
    init(_ field: DemographicField) {
        switch field {
        case .appVersion: self = .appVersion
        case .channel: self = .channel
        case .deviceType: self = .deviceType
        case .make: self = .make
        case .model: self = .model
        case .platform: self = .platform
        }
    }

    fileprivate var expression: String {
        switch self {
        case .country: "(location ->> 'Country')"
        case .channel: "channel_type"
        case .appVersion: "(demographic ->> 'AppVersion')"
        case .deviceType: "(demographic ->> 'DeviceType')"
        case .make: "(demographic ->> 'Make')"
        case .model: "(demographic ->> 'Model')"
        case .platform: "(demographic ->> 'Platform')"
        }
    }
}
