import Core

/// An attribute's name, byte for byte: two spellings that Unicode calls equal are two names, as in the database.
struct ExactName: Hashable, Sendable {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    static func == (left: Self, right: Self) -> Bool { left.text.isExactly(right.text) }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension EndpointWrite {
    /// Whether both are of one app and give values to the same names, in the same order.
    func hasNames(of other: EndpointWrite) -> Bool {
        app == other.app && Self.isSame(attributes, other.attributes) && Self.isSame(metrics, other.metrics)
            && Self.isSame(userAttributes, other.userAttributes)
    }

    private static func isSame(_ left: JSONObject, _ right: JSONObject) -> Bool {
        guard left.count == right.count else { return false }
        for (left, right) in zip(left.members, right.members) {
            guard isSame(left.key, right.key), left.value.isNull == right.value.isNull else { return false }
        }
        return true
    }

    /// As `isExactly`, over the bytes where they lie.
    private static func isSame(_ left: String, _ right: String) -> Bool {
        guard left.utf8.count == right.utf8.count else { return false }
        let isSame: Bool?? = left.utf8.withContiguousStorageIfAvailable { left in
            right.utf8.withContiguousStorageIfAvailable { left.elementsEqual($0) }
        }
        return (isSame ?? nil) ?? left.isExactly(right)
    }
}

/// One attribute name of an app, in its kind.
struct AttributeName: Hashable, Comparable, Sendable {
    let kind: AttributeKind
    let name: ExactName

    init(kind: AttributeKind, name: String) {
        self.kind = kind
        self.name = ExactName(name)
    }

    static func < (left: Self, right: Self) -> Bool {
        left.kind == right.kind
            ? left.name.text.precedesExactly(right.name.text) : left.kind.rawValue < right.kind.rawValue
    }
}

/// What is known of one app's attributes: the names so far, and what is not captured any more.
struct AppAttributes: Sendable {
    private(set) var names: [AttributeKind: Set<ExactName>] = [:]
    private var blacklists: [AttributeKind: AttributeBlacklist] = [:]

    var hasBlacklist: Bool { !blacklists.isEmpty }
    var count: Int { names.values.reduce(0) { $0 + $1.count } }

    mutating func insert(_ name: AttributeName) {
        names[name.kind, default: []].insert(name.name)
    }

    mutating func setBlacklist(_ patterns: [String], of kind: AttributeKind) {
        blacklists[kind] = patterns.isEmpty ? nil : AttributeBlacklist(patterns)
    }

    /// The names that a write gives a value, and that are new. A removal names nothing.
    func newNames(_ write: EndpointWrite) -> [AttributeName] {
        var new: [AttributeName] = []
        addNew(in: write.attributes, .custom, to: &new)
        addNew(in: write.metrics, .metric, to: &new)
        addNew(in: write.userAttributes, .user, to: &new)
        return new
    }

    private func addNew(in values: JSONObject, _ kind: AttributeKind, to new: inout [AttributeName]) {
        if values.isEmpty { return }
        let known = names[kind] ?? []
        for member in values.members where !member.value.isNull && !known.contains(ExactName(member.key)) {
            new.append(AttributeName(kind: kind, name: member.key))
        }
    }

    /// `write` without the values that are not captured. Removals pass: they capture nothing.
    func captured(_ write: EndpointWrite) -> EndpointWrite {
        var write = write
        write.attributes = captured(write.attributes, .custom)
        write.metrics = captured(write.metrics, .metric)
        write.userAttributes = captured(write.userAttributes, .user)
        return write
    }

    private func captured(_ values: JSONObject, _ kind: AttributeKind) -> JSONObject {
        guard let blacklist = blacklists[kind], !values.isEmpty else { return values }
        return JSONObject(
            uniqueMembers: values.members.filter { $0.value.isNull || !blacklist.contains($0.key) })
    }
}
