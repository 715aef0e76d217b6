/// A JSON value. Integers that fit are exact; every other number is a double.
package enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case double(Double)
    case string(String)
    case array([JSON])
    case object(JSONObject)
}

/// Members in the order they were written. A duplicate key never gets in: the parser refuses it, `subscript` replaces.
package struct JSONObject: Hashable, Sendable {
    package private(set) var members: [Member]

    package struct Member: Hashable, Sendable {
        package var key: String
        package var value: JSON

        package init(key: String, value: JSON) {
            self.key = key
            self.value = value
        }
    }

    package init() {
        members = []
    }

    /// The caller has made sure that no key appears twice.
    package init(uniqueMembers: [Member]) {
        members = uniqueMembers
    }

    package var isEmpty: Bool { members.isEmpty }
    package var count: Int { members.count }
    package var keys: [String] { members.map(\.key) }

    /// Linear: objects here have a handful of members, and the parser bounds their number. Keys are compared as the parser
    /// does, byte for byte.
    package subscript(key: String) -> JSON? {
        get { members.first { $0.key.isExactly(key) }?.value }
        set {
            let index = members.firstIndex { $0.key.isExactly(key) }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(key: key, value: value))
            case (nil, nil): break
            }
        }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self.init()
        for (key, value) in elements { self[key] = value }
    }
}

extension JSON {
    package subscript(key: String) -> JSON? { object?[key] }

    package var object: JSONObject? {
        if case .object(let object) = self { object } else { nil }
    }
    package var array: [JSON]? {
        if case .array(let array) = self { array } else { nil }
    }
    package var string: String? {
        if case .string(let string) = self { string } else { nil }
    }
    package var bool: Bool? {
        if case .bool(let bool) = self { bool } else { nil }
    }
    package var int: Int? {
        if case .integer(let value) = self { Int(value) } else { nil }
    }
    /// Integers too.
    package var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .double(let value): value
        case .null, .bool, .string, .array, .object: nil
        }
    }
    package var isNull: Bool {
        if case .null = self { true } else { false }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .double(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(nilLiteral: ()) { self = .null }
    package init(dictionaryLiteral elements: (String, JSON)...) {
        var object = JSONObject()
        for (key, value) in elements { object[key] = value }
        self = .object(object)
    }
}
