/// Chunked transfer coding (RFC 9112 §7.1), in pieces of any size. Extensions and trailers are checked and dropped.
struct ChunkDecoder: Sendable {
    /// All extensions of a body together; a sender has no use for more, an attacker has.
    static let extensionBytesLimit = 4096
    static let trailerBytesLimit = 8192

    private enum State: Sendable {
        case size(digits: Int)
        case extensions
        case sizeFeed
        case data
        case dataReturn
        case dataFeed
        case trailer
    }

    private var state = State.size(digits: 0)
    private var remaining = 0
    private var extensionBytes = 0
    private var trailer: [UInt8] = []
    private var trailerBytes = 0

    /// `true` at the end of the body. Data goes to `parser`, which also knows the limit.
    mutating func decode(
        _ input: Span<UInt8>,
        _ position: inout Int,
        into parser: inout HTTPParser
    ) throws(HTTPParseFault) -> Bool {
        while position < input.count {
            if case .data = state {
                takeData(input, &position, into: &parser)
                continue
            }
            let byte = input[position]
            position += 1
            if case .trailer = state {
                if try takeTrailer(byte) { return true }
            } else {
                try take(byte, parser)
            }
        }
        return false
    }

    private mutating func takeData(_ input: Span<UInt8>, _ position: inout Int, into parser: inout HTTPParser) {
        let count = min(remaining, input.count - position)
        parser.append(input.extracting(position..<position + count))
        position += count
        remaining -= count
        if remaining == 0 { state = .dataReturn }
    }

    private mutating func take(_ byte: UInt8, _ parser: HTTPParser) throws(HTTPParseFault) {
        switch state {
        case .size(let digits):
            try takeSize(byte, digits, parser)
        case .extensions:
            extensionBytes += 1
            guard HTTPBytes.isFieldContent(byte) || byte == HTTPBytes.carriageReturn,
                extensionBytes <= Self.extensionBytesLimit
            else { throw HTTPParseFault(400, "A chunk extension is malformed or too long") }
            if byte == HTTPBytes.carriageReturn { state = .sizeFeed }
        case .sizeFeed:
            try expect(HTTPBytes.lineFeed, byte)
            state = remaining == 0 ? .trailer : .data
        case .dataReturn:
            try expect(HTTPBytes.carriageReturn, byte)
            state = .dataFeed
        case .dataFeed:
            try expect(HTTPBytes.lineFeed, byte)
            state = .size(digits: 0)
        case .data, .trailer:
            preconditionFailure("taken by decode")
        }
    }

    private mutating func takeSize(_ byte: UInt8, _ digits: Int, _ parser: HTTPParser) throws(HTTPParseFault) {
        if let digit = HTTPBytes.hexDigit(byte) {
            guard digits < 15 else { throw HTTPParseFault(400, "A chunk size is too long") }
            remaining = remaining << 4 | Int(digit)
            state = .size(digits: digits + 1)
            return
        }
        guard digits > 0, byte == HTTPBytes.carriageReturn || byte == 0x3B else {
            throw HTTPParseFault(400, "A chunk size is malformed")
        }
        try parser.checkBody(count: parser.bodyCount + remaining)
        state = byte == HTTPBytes.carriageReturn ? .sizeFeed : .extensions
    }

    private func expect(_ wanted: UInt8, _ byte: UInt8) throws(HTTPParseFault) {
        if byte != wanted { throw HTTPParseFault(400, "A chunk does not end where its size says") }
    }

    private mutating func takeTrailer(_ byte: UInt8) throws(HTTPParseFault) -> Bool {
        trailerBytes += 1
        guard trailerBytes <= Self.trailerBytesLimit else { throw HTTPParseFault(431, "The trailers are too long") }
        trailer.append(byte)
        guard byte == HTTPBytes.lineFeed else { return false }
        guard trailer.count >= 2, trailer[trailer.count - 2] == HTTPBytes.carriageReturn else {
            throw HTTPParseFault(400, "A line ends with a bare line feed")
        }
        if trailer.count == 2 { return true }
        _ = try FieldLine.split(trailer, 0..<trailer.count - 2)
        trailer.removeAll(keepingCapacity: true)
        return false
    }
}
