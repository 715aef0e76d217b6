package import Core
package import PinpointAPI

/// A publishable write key of an app, without its secret: it stands in web pages and app bundles, so that whoever has it may put
/// events and endpoints of that app, and read nothing of anybody.
package struct WriteKey: Sendable, Equatable {
    package static let nameCharacters = 64
    package static let originsPerKey = 20
    /// Live ones: for one per platform and release, not one per person.
    package static let keysPerApp = 100

    package let id: String
    package let app: AppID
    package let name: String?
    /// `https://shop.example`, as browsers write them; empty: any page, and what is no page.
    package let origins: [String]
    package let createdAt: Instant
    package let revokedAt: Instant?

    package init(id: String, app: AppID, name: String?, origins: [String], createdAt: Instant, revokedAt: Instant?) {
        self.id = id
        self.app = app
        self.name = name
        self.origins = origins
        self.createdAt = createdAt
        self.revokedAt = revokedAt
    }

    /// The answer's members; `token` only right after it was made.
    package func json(token: String? = nil) -> JSON {
        var json: JSONObject = [
            "ApplicationId": .string(app.description), "Id": .string(id),
            "AllowedOrigins": .array(origins.map { .string($0) }), "CreationDate": .string(createdAt.description),
        ]
        json["Name"] = name.map { .string($0) }
        json["RevocationDate"] = revokedAt.map { .string($0.description) }
        json["WriteKey"] = token.map { .string($0) }
        return .object(json)
    }
}

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

/// Origins of web pages (RFC 6454): scheme, host and port.
package enum WebOrigin {
    private static let longest = 255
    private static let defaultPorts = ["http": "80", "https": "443"]

    /// As a browser writes it in `Origin`: lower case, without the scheme's own port. Nil for what is no origin, and for `null`,
    /// which every sandboxed page sends.
    package static func normalized(_ text: String) -> String? {
        let text = text.lowercased()
        guard text.utf8.count <= longest, let mark = text.firstRange(of: "://") else { return nil }
        let (scheme, authority) = (text[..<mark.lowerBound], text[mark.upperBound...])
        guard let first = scheme.utf8.first, (0x61...0x7A).contains(first), scheme.utf8.allSatisfy(isSchemeByte) else {
            return nil
        }
        let isBracketed = authority.hasPrefix("[")
        guard !isBracketed || authority.contains("]") else { return nil }
        let afterHost = isBracketed ? authority.lastIndex(of: "]") ?? authority.endIndex : authority.startIndex
        let colon = authority[afterHost...].firstIndex(of: ":")
        let host = authority[..<(colon ?? authority.endIndex)]
        guard !host.isEmpty, host.utf8.allSatisfy({ isHostByte($0, isBracketed) }) else { return nil }
        guard let colon else { return text }
        let port = authority[authority.index(after: colon)...]
        guard let number = UInt16(port), number > 0, String(number) == port else { return nil }
        return defaultPorts[String(scheme)] == String(port) ? "\(scheme)://\(host)" : text
    }

    private static func isSchemeByte(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == 0x2B || byte == 0x2D || byte == 0x2E
    }

    private static func isHostByte(_ byte: UInt8, _ isBracketed: Bool) -> Bool {
        isAlphanumeric(byte) || byte == 0x2D || byte == 0x2E || byte == 0x5F
            || isBracketed && (byte == 0x3A || byte == 0x5B || byte == 0x5D)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
    }
}
