package import Core
package import HTTPServer

/// The query string of a request, decoded, with errors that name the parameter. Unknown parameters are left alone, as AWS does.
package struct QueryParameters: Sendable {
    private let items: [(name: String, value: String)]

    package init(_ items: [(name: String, value: String)]) {
        self.items = items
    }

    package init(_ request: HTTPRequest) throws(APIError) {
        guard let items = request.queryItems else {
            throw .badRequest("The query string is not valid percent-encoded UTF-8")
        }
        self.items = items
    }

    /// The first of that name; nil when it is absent or empty.
    package func string(_ name: String) -> String? {
        items.first { $0.name == name && !$0.value.isEmpty }?.value
    }

    /// Every value of that name, as `tagKeys` comes.
    package func strings(_ name: String) -> [String] {
        items.filter { $0.name == name }.map(\.value)
    }

    package func integer(_ name: String, in range: ClosedRange<Int>) throws(APIError) -> Int? {
        guard let text = string(name) else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw .badRequest("\(name) must be an integer, \(WireCheck.words(range)); got \"\(text.prefix(32))\"")
        }
        return value
    }

    package func bool(_ name: String) throws(APIError) -> Bool? {
        switch string(name) {
        case nil: return nil
        case "true": return true
        case "false": return false
        case let text?: throw .badRequest("\(name) must be true or false; got \"\(text.prefix(32))\"")
        }
    }

    /// With or without a fraction, up to microseconds.
    package func instant(_ name: String) throws(APIError) -> Instant? {
        guard let text = string(name) else { return nil }
        guard let value = ISO8601.parse(text) else {
            throw .badRequest("\(name) must be an ISO 8601 timestamp; got \"\(text.prefix(40))\"")
        }
        return value
    }

    package func word<Word: WireEnum>(_ name: String) throws(APIError) -> Word? {
        guard let text = string(name) else { return nil }
        return try Word(json: .string(text), at: WirePath.root.member(name))
    }
}
