package import Core
package import PinpointAPI

/// What CreateWriteKey is asked: `{"Name": "web shop", "AllowedOrigins": ["https://shop.example"]}`, both optional.
package struct WriteKeyRequest: Sendable, Equatable {
    package let name: String?
    package let origins: [String]

    /// Throws 400 naming the member.
    package init(name: String?, origins: [String]) throws(APIError) {
        if let name {
            guard !name.isEmpty, name.unicodeScalars.count <= WriteKey.nameCharacters else {
                throw .badRequest("Name must have 1 to \(WriteKey.nameCharacters) characters")
            }
        }
        guard origins.count <= WriteKey.originsPerKey else {
            throw .badRequest("AllowedOrigins can have \(WriteKey.originsPerKey) elements")
        }
        var normalized: [String] = []
        for (index, text) in origins.enumerated() {
            guard let origin = WebOrigin.normalized(text) else {
                throw .badRequest(
                    "AllowedOrigins[\(index)] must be an origin such as https://shop.example: scheme, host and port, no path"
                )
            }
            if !normalized.contains(origin) { normalized.append(origin) }
        }
        self.name = name
        self.origins = normalized
    }

    /// Of a request body. An unknown member is refused, so that a misspelled limit is not a key without limits.
    package init(_ json: JSON) throws(APIError) {
        guard case .object(let object) = json else { throw WirePath.root.refusal("must be a JSON object") }
        var name: String?
        var origins: [String] = []
        for member in object.members where member.value != .null {
            switch member.key {
            case "Name":
                guard let text = member.value.string else { throw .badRequest("Name must be a string") }
                name = text
            case "AllowedOrigins":
                guard let list = member.value.array else { throw .badRequest("AllowedOrigins must be a JSON array") }
                for (index, element) in list.enumerated() {
                    guard let text = element.string else {
                        throw .badRequest("AllowedOrigins[\(index)] must be a string")
                    }
                    origins.append(text)
                }
            case let other: throw WirePath.root.member(other).refusal("is not known")
            }
        }
        try self.init(name: name, origins: origins)
    }
}
