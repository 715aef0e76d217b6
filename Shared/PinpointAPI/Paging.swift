package import Core
import Crypto

/// `page-size` and the token of a list operation. Pinpoint calls the token `token` in some and `next-token` in others.
package struct PageRequest: Sendable {
    /// Pinpoint documents no largest page; a larger wish gets this many and a token.
    package static let largest = 500

    package let size: Int
    /// As the client sent it.
    package let token: String?

    package init(_ query: QueryParameters) throws(APIError) {
        let wanted = try query.integer("page-size", in: 1...Int(Int32.max))
        size = min(wanted ?? Limits.pageSize, Self.largest)
        token = query.string("token") ?? query.string("next-token")
    }

    /// Where the page begins; nil for the first. `list` as it was given to `PageToken.init`.
    package func cursor(of list: String) throws(APIError) -> PageToken? {
        guard let token else { return nil }
        return try PageToken(token, list: list)
    }
}

/// A keyset cursor: the last row's sort key, so that rows inserted meanwhile neither repeat nor hide others.
///
/// Not secret and not signed: it can only name a position in a list that the caller may read anyway. What it holds is
/// checked by type when it is read; anything else is a 400.
package struct PageToken: Hashable, Sendable {
    package static let longest = 4096

    /// Which list it belongs to, e.g. `GetSegments`.
    package let list: String
    package let position: JSONObject

    package init(list: String, position: JSONObject) {
        self.list = list
        self.position = position
    }

    package init(_ text: String, list: String) throws(APIError) {
        guard text.utf8.count <= Self.longest, let bytes = Base64URL.decode(text),
            case .object(let object)? = Self.parse(bytes), object["List"] == .string(list),
            case .object(let position)? = object["After"]
        else { throw Self.invalid }
        self.list = list
        self.position = position
    }

    /// For `NextToken`.
    package var text: String {
        let json: JSON = ["List": .string(list), "After": .object(position)]
        return Base64URL.encode(json.serialized)
    }

    package func string(_ name: String) throws(APIError) -> String {
        guard case .string(let value)? = position[name] else { throw Self.invalid }
        return value
    }

    package func integer(_ name: String) throws(APIError) -> Int64 {
        guard case .integer(let value)? = position[name] else { throw Self.invalid }
        return value
    }

    /// Microseconds since 1970, exact: dates on the wire are cut to milliseconds.
    package func instant(_ name: String) throws(APIError) -> Instant {
        Instant(microseconds: try integer(name))
    }

    private static func parse(_ bytes: [UInt8]) -> JSON? {
        do {
            return try JSON.parse(bytes)
        } catch {
            return nil
        }
    }

    package static var invalid: APIError { .badRequest("The token is not valid for this list") }
}
