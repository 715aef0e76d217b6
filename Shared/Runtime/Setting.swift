import Core

/// One environment variable: its name, what it is for, and which values it takes.
package struct Setting: Sendable {
    package let name: String
    package let doc: String
    package let `default`: String?
    /// Never printed. May also come from a file: `<name>_FILE` holds the path.
    package let isSecret: Bool
    package let form: Form

    package init(_ name: String, _ doc: String, default: String? = nil, isSecret: Bool = false, form: Form = .text) {
        self.name = name
        self.doc = doc
        self.default = `default`
        self.isSecret = isSecret
        self.form = form
    }

    /// The values a setting takes; checked at start for every setting that is given.
    package enum Form: Sendable {
        case text
        case path
        case integer(ClosedRange<Int>)
        /// `1`, `true`, `yes`, `on` or their opposites.
        case flag
        case choice([String])
        /// An address with one of these schemes, without the `://`.
        case url([String])
        /// `unix:/path` or `host:port`.
        case listen
        /// Exactly that many decimal digits.
        case digits(Int)
        /// `<business ISO 8601>@<real ISO 8601>`.
        case clock
        /// `id:secret,id2:secret2`
        case keyPairs
        /// Hosts by name, addresses and ranges, separated by commas.
        case allowList
        /// `name:abort@n` or `name:abort@p0.01`, several separated by commas.
        case failpoint

        /// What is allowed, to end the sentence "NEEDLETAIL_X must be …".
        package var expectation: String {
            switch self {
            case .text: "a non-empty text"
            case .path: "a path"
            case .integer(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
            case .flag: "1 or 0"
            case .choice(let names): "one of \(names.joined(separator: ", "))"
            case .url(let schemes): "a URL that begins with \(schemes.map(Self.start).joined(separator: " or "))"
            case .listen: "unix:/path or host:port"
            case .digits(let count): "\(count) digits"
            case .clock:
                "<business time>@<real time>, both ISO 8601 with a zone, e.g. 1998-07-01T00:00:00Z@2026-11-22T08:00:00Z"
            case .keyPairs:
                "id:secret pairs separated by commas, ids of 16 to 128 letters or digits, secrets of at least 16 characters"
            case .allowList: "host names, addresses and ranges such as 10.1.0.0/16, separated by commas"
            case .failpoint: "name:abort@n or name:abort@p0.01, several separated by commas"
            }
        }

        package func accepts(_ value: String) -> Bool {
            guard !value.isEmpty, !value.utf8.contains(0) else { return false }
            switch self {
            case .text, .path: return true
            case .integer(let range): return Int(value).map(range.contains) ?? false
            case .flag: return Self.flag(value) != nil
            case .choice(let names): return names.contains(value)
            case .url(let schemes): return schemes.contains { value.hasPrefix(Self.start(of: $0)) }
            case .listen: return Self.isListenAddress(value)
            case .digits(let count):
                return value.utf8.count == count && value.utf8.allSatisfy { (0x30...0x39).contains($0) }
            case .clock: return ClockOffset(value) != nil
            case .keyPairs: return KeyPair.list(value) != nil
            case .allowList: return OutboundAllowList(value) != nil
            case .failpoint: return Failpoint.Plan(value) != nil
            }
        }

        package static func flag(_ value: String) -> Bool? {
            switch value.lowercased() {
            case "1", "true", "yes", "on": true
            case "0", "false", "no", "off": false
            default: nil
            }
        }

        /// A socket is `unix:/path`, as in `NEEDLETAIL_LISTEN`.
        private static func start(of scheme: String) -> String {
            scheme == "unix" ? "unix:/" : "\(scheme)://"
        }

        private static func isListenAddress(_ value: String) -> Bool {
            if value.hasPrefix("unix:") { return value.hasPrefix("unix:/") && value.utf8.count <= 112 }
            guard let colon = value.lastIndex(of: ":"), colon > value.startIndex else { return false }
            return Int(value[value.index(after: colon)...]).map((0...65_535).contains) ?? false
        }
    }
}

/// A SigV4 key pair as given at start (`NEEDLETAIL_BOOTSTRAP_KEYS`).
package struct KeyPair: Sendable, Equatable {
    package let id: String
    package let secret: String

    package init(id: String, secret: String) {
        self.id = id
        self.secret = secret
    }

    /// Nil unless every pair is well-formed and no id appears twice. AWS key ids are 16 to 128 word characters.
    package static func list(_ text: String) -> [KeyPair]? {
        var pairs: [KeyPair] = []
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let colon = item.firstIndex(of: ":") else { return nil }
            let id = item[..<colon]
            let secret = item[item.index(after: colon)...]
            let isWord = id.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || byte == 0x5F
            }
            guard isWord, (16...128).contains(id.utf8.count), (16...256).contains(secret.utf8.count) else { return nil }
            guard secret.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
            guard !pairs.contains(where: { $0.id == id }) else { return nil }
            pairs.append(KeyPair(id: String(id), secret: String(secret)))
        }
        return pairs
    }
}

/// How far business time is from real time: a constant, so that business time runs at real speed.
package struct ClockOffset: Sendable, Equatable {
    package let offset: Duration

    package static let none = ClockOffset(offset: .zero)

    private init(offset: Duration) {
        self.offset = offset
    }

    /// `<business ISO 8601>@<real ISO 8601>`
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, let business = ISO8601.parse(parts[0]), let real = ISO8601.parse(parts[1]) else {
            return nil
        }
        offset = business - real
    }
}
