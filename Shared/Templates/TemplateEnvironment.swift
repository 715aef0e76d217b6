package import Core
import Crypto

/// What a rendering may know of the world; the engine itself does no I/O and reads no clock.
package struct TemplateEnvironment: Sendable {
    /// Business time, for `now`.
    package var now: @Sendable () -> Instant
    /// `count` random bytes, for `uuid`.
    package var random: @Sendable (_ count: Int) -> [UInt8]
    /// Seconds east of UTC of an IANA zone at an instant; nil for a zone it does not know. `UTC`, `GMT` and fixed
    /// offsets such as `+02:00` are the engine's own.
    package var timeZoneOffset: @Sendable (_ zone: String, _ at: Instant) -> Int?
    package var hash: TemplateHash

    package init(
        now: @escaping @Sendable () -> Instant,
        random: @escaping @Sendable (_ count: Int) -> [UInt8],
        timeZoneOffset: @escaping @Sendable (_ zone: String, _ at: Instant) -> Int?,
        hash: TemplateHash = .standard
    ) {
        self.now = now
        self.random = random
        self.timeZoneOffset = timeZoneOffset
        self.hash = hash
    }
}

/// The digests behind the helpers `md5`, `sha256` and `sha512`.
package struct TemplateHash: Sendable {
    package var md5: @Sendable ([UInt8]) -> [UInt8]
    package var sha256: @Sendable ([UInt8]) -> [UInt8]
    package var sha512: @Sendable ([UInt8]) -> [UInt8]

    package init(
        md5: @escaping @Sendable ([UInt8]) -> [UInt8],
        sha256: @escaping @Sendable ([UInt8]) -> [UInt8],
        sha512: @escaping @Sendable ([UInt8]) -> [UInt8]
    ) {
        self.md5 = md5
        self.sha256 = sha256
        self.sha512 = sha512
    }

    /// Those of `Crypto`.
    package static let standard = TemplateHash(
        md5: { MD5.hash($0) }, sha256: { SHA256.hash($0) }, sha512: { SHA512.hash($0) })
}

/// How printed values are made safe for the document they go into.
package enum TemplateEscaping: Sendable {
    /// `& < > " ' ` =` become entities, as Handlebars.js does; `{{{x}}}` and `{{&x}}` are left alone.
    case html
    /// Values stand inside strings of a JSON document: quotes, backslashes and control characters are escaped; `{{{x}}}` is left alone.
    case json
    /// Text parts, subjects, SMS: values as they are.
    case none
}

/// Bounds of one rendering (reliability F30): whatever the template and the values are, it ends.
package struct TemplateBudget: Sendable {
    /// One for every step, expression and 256 bytes that a helper works on.
    package var operations: Int
    package var outputBytes: Int
    /// Blocks and partials inside each other.
    package var depth: Int
    /// Items that one `each` walks over: the first so many, the rest is left out (Pinpoint documents 15). Left out
    /// rather than refused, because one long list of one person must not cost that person the message.
    package var eachItems: Int
    /// Asked every 256 operations; true ends the rendering. Nil: operations alone bound the time.
    package var isPastDeadline: (@Sendable () -> Bool)?

    package init(
        operations: Int = 100_000,
        outputBytes: Int = 1 << 20,
        depth: Int = 32,
        eachItems: Int = 15,
        isPastDeadline: (@Sendable () -> Bool)? = nil
    ) {
        self.operations = operations
        self.outputBytes = outputBytes
        self.depth = depth
        self.eachItems = eachItems
        self.isPastDeadline = isPastDeadline
    }

    package static let standard = TemplateBudget()
}
