import Glibc

/// What a parser refuses, as the status and the sentence to answer with.
struct HTTPParseFault: Error, Equatable {
    let status: Int
    let reason: String

    init(_ status: Int, _ reason: String) {
        self.status = status
        self.reason = reason
    }
}

/// A request with what its connection must know about the framing around it.
struct ParsedRequest: Sendable {
    var request: HTTPRequest
    /// Answer with `Connection: keep-alive`; never chunked.
    var isHTTP10 = false
    /// Whether the client wants another request on this connection.
    var keepsAlive = true
    /// The client waits for `100 Continue` before it sends the body.
    var expectsContinue = false
}

/// HTTP/1.1 requests out of bytes, in pieces of any size; a value without I/O.
///
/// Strict (RFC 9112): wherever two parsers could disagree about where a request ends, the answer is an error and the
/// connection must be closed (F59). After a fault the parser is not to be fed again.
struct HTTPParser: Sendable {
    enum Step: Sendable {
        /// All input is used up.
        case needsInput
        /// The fields of a request with a body are in. Call `acceptBody` before going on.
        case head(ParsedRequest)
        case request(ParsedRequest)
    }

    enum Phase: Sendable {
        case head
        case awaitingLimit
        case fixedBody(remaining: Int)
        case chunkedBody(ChunkDecoder)
    }

    private let requestLineLimit: Int
    private let headLimit: Int
    private let countLimit: Int
    private let remoteAddress: String
    private(set) var phase = Phase.head
    private var head = HeadBuilder()
    private var pending: ParsedRequest?
    private var bodyLimit = 0

    init(configuration: HTTPServerConfiguration, remoteAddress: String) {
        requestLineLimit = configuration.requestLineBytes
        headLimit = configuration.headerBytes
        countLimit = configuration.headerCount
        self.remoteAddress = remoteAddress
    }

    /// Whether no byte of the next request has come yet.
    var isBetweenRequests: Bool {
        if case .head = phase { return head.isEmpty }
        return false
    }

    /// Goes on from `position` to the next step, moving `position` over what was used.
    mutating func parse(_ input: Span<UInt8>, _ position: inout Int) throws(HTTPParseFault) -> Step {
        switch phase {
        case .head:
            return try parseHead(input, &position)
        case .awaitingLimit:
            preconditionFailure("acceptBody was not called")
        case .fixedBody(let remaining):
            let count = min(remaining, input.count - position)
            append(input.extracting(position..<position + count))
            position += count
            phase = .fixedBody(remaining: remaining - count)
            return remaining == count ? finish() : .needsInput
        case .chunkedBody(var decoder):
            phase = .awaitingLimit  // so that the decoder's buffer has one owner
            let isWhole = try decoder.decode(input, &position, into: &self)
            phase = .chunkedBody(decoder)
            return isWhole ? finish() : .needsInput
        }
    }

    /// Fixes the body's limit in bytes. Throws a 413 when `Content-Length` already exceeds it.
    mutating func acceptBody(limit: Int) throws(HTTPParseFault) {
        bodyLimit = limit
        guard let length = head.contentLength else {
            phase = .chunkedBody(ChunkDecoder())
            return
        }
        try checkBody(count: length)
        // Grows beyond a megabyte only as bytes really come.
        pending?.request.body.reserveCapacity(min(length, 1 << 20))
        phase = .fixedBody(remaining: length)
    }

    private mutating func parseHead(_ input: Span<UInt8>, _ position: inout Int) throws(HTTPParseFault) -> Step {
        while position < input.count {
            let rest = input.extracting(position..<input.count)
            let feed = rest.firstIndex(of: HTTPBytes.lineFeed)
            let taken = feed.map { $0 + 1 } ?? rest.count
            try checkHead(adding: taken)
            head.append(rest.extracting(0..<taken))
            position += taken
            guard feed != nil else { break }
            guard try head.endLine(countLimit: countLimit) else { continue }
            return try endHead()
        }
        try head.checkBeginning()
        return .needsInput
    }

    private func checkHead(adding count: Int) throws(HTTPParseFault) {
        if !head.hasRequestLine, head.count + count > requestLineLimit {
            throw HTTPParseFault(414, "The request line is longer than \(requestLineLimit) bytes")
        }
        if head.count + count > headLimit {
            throw HTTPParseFault(431, "The header fields are longer than \(headLimit) bytes")
        }
    }

    private mutating func endHead() throws(HTTPParseFault) -> Step {
        let parsed = try head.finish(remoteAddress: remoteAddress)
        pending = parsed
        if head.isChunked || head.contentLength ?? 0 > 0 {
            phase = .awaitingLimit
            return .head(parsed)
        }
        return finish()
    }

    private mutating func finish() -> Step {
        guard let parsed = pending.take() else { return .needsInput }
        head = HeadBuilder()
        phase = .head
        return .request(parsed)
    }
}

extension HTTPParser {
    /// Faults when a body of `count` bytes in all would be over the limit.
    func checkBody(count: Int) throws(HTTPParseFault) {
        if count > bodyLimit { throw HTTPParseFault(413, "The body is larger than \(bodyLimit) bytes") }
    }

    var bodyCount: Int { pending?.request.body.count ?? 0 }

    mutating func append(_ piece: Span<UInt8>) {
        piece.withUnsafeBufferPointer { pending?.request.body.append(contentsOf: $0) }
    }
}

extension Span<UInt8> {
    func firstIndex(of byte: UInt8) -> Int? {
        // SAFETY: memchr stays within `count` bytes from the base, and the pointer does not leave the closure.
        withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, let hit = memchr(base, Int32(byte), bytes.count) else { return nil }
            return base.distance(to: UnsafeRawPointer(hit))
        }
    }
}
