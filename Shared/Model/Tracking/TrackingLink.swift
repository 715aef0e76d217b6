package import Core
package import Crypto

/// What a link in a message stands for: this recipient of this run opened, clicked or unsubscribed.
package struct TrackingLink: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case open
        /// The URL to go on to, signed with the rest, so that nobody can make us redirect elsewhere.
        case click(target: String)
        case unsubscribe
    }

    package let kind: Kind
    package let app: AppID
    package let run: RunID
    package let chunk: Int32
    package let ordinal: Int32
    package let endpointKey: Int64
    /// −1 is the holdout, which gets no message.
    package let treatment: Int16

    package init(
        kind: Kind, app: AppID, run: RunID, chunk: Int32, ordinal: Int32, endpointKey: Int64, treatment: Int16
    ) {
        self.kind = kind
        self.app = app
        self.run = run
        self.chunk = chunk
        self.ordinal = ordinal
        self.endpointKey = endpointKey
        self.treatment = treatment
    }

    /// The same recipient, another kind of link.
    package func with(kind: Kind) -> TrackingLink {
        TrackingLink(
            kind: kind, app: app, run: run, chunk: chunk, ordinal: ordinal, endpointKey: endpointKey,
            treatment: treatment)
    }
}

/// Makes and checks the tokens in tracking and unsubscribe URLs: `base64url(payload ‖ HMAC-SHA-256[:16])`. The token is all there
/// is: no row is written for a link, and none is read to follow it.
package final class TrackingTokens: Sendable {
    /// A click target longer than this gets no tracked link; it stays as the author wrote it.
    package static let targetLimitBytes = 2048
    private static let version: UInt8 = 1
    private static let headBytes = 52
    private static let macBytes = 16
    /// Characters of the longest token.
    package static let tokenLimitBytes = (headBytes + targetLimitBytes + macBytes + 2) / 3 * 4

    private let hmac: HMACSHA256

    package init(masterKey: MasterKey) {
        hmac = HMACSHA256(key: masterKey.derive("tracking"))
    }

    /// Nil when a click's target is longer than 2 KB.
    package func mint(_ link: TrackingLink) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.headBytes + Self.macBytes + 128)
        bytes.append(Self.version)
        switch link.kind {
        case .open: bytes.append(1)
        case .click: bytes.append(2)
        case .unsubscribe: bytes.append(3)
        }
        bytes.append(contentsOf: link.app.bytes)
        bytes.append(contentsOf: link.run.bytes)
        Self.append(link.chunk, to: &bytes)
        Self.append(link.ordinal, to: &bytes)
        Self.append(link.endpointKey, to: &bytes)
        Self.append(link.treatment, to: &bytes)
        if case .click(let target) = link.kind {
            guard target.utf8.count <= Self.targetLimitBytes else { return nil }
            bytes.append(contentsOf: target.utf8)
        }
        bytes.append(contentsOf: hmac.authenticate(bytes).prefix(Self.macBytes))
        return Base64URL.encode(bytes)
    }

    /// Nil for everything that `mint` did not make under this key.
    package func verify(_ token: some StringProtocol) -> TrackingLink? {
        guard token.utf8.count <= Self.tokenLimitBytes, let bytes = Base64URL.decode(token),
            bytes.count >= Self.headBytes + Self.macBytes
        else { return nil }
        let payload = Array(bytes.dropLast(Self.macBytes))
        let expected = Array(hmac.authenticate(payload).prefix(Self.macBytes))
        guard constantTimeEquals(expected, Array(bytes.suffix(Self.macBytes))) else { return nil }
        return Self.read(payload)
    }

    private static func read(_ bytes: [UInt8]) -> TrackingLink? {
        guard bytes[0] == version, let app = AppID(bytes: Array(bytes[2..<18])),
            let run = RunID(bytes: Array(bytes[18..<34]))
        else { return nil }
        let rest = bytes[headBytes...]
        let kind: TrackingLink.Kind
        switch (bytes[1], rest.isEmpty) {
        case (1, true): kind = .open
        case (2, _):
            guard let target = String(validating: rest, as: UTF8.self) else { return nil }
            kind = .click(target: target)
        case (3, true): kind = .unsubscribe
        case (_, _): return nil
        }
        return TrackingLink(
            kind: kind, app: app, run: run, chunk: integer(bytes[34..<38]), ordinal: integer(bytes[38..<42]),
            endpointKey: integer(bytes[42..<50]), treatment: integer(bytes[50..<52]))
    }

    private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    private static func integer<Value: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>) -> Value {
        bytes.reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }
}

/// Where the tokens live, under `NEEDLETAIL_PUBLIC_URL`.
package enum TrackingURL {
    package static func open(_ token: String, publicURL: String) -> String { "\(publicURL)/t/o/\(token).gif" }
    package static func click(_ token: String, publicURL: String) -> String { "\(publicURL)/t/c/\(token)" }
    package static func unsubscribe(_ token: String, publicURL: String) -> String { "\(publicURL)/u/\(token)" }
}
