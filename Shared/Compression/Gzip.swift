import CZlib

/// Reading gzip (RFC 1952) by zlib, for request bodies.
package enum Gzip {
    /// Why bytes cannot be unpacked. Neither case says anything about what was unpacked so far.
    package enum Refusal: Error, Equatable {
        /// No gzip, damaged (the checksum is verified), cut off, or followed by something else.
        case corrupt
        case tooLarge
    }

    /// What `bytes` hold; several gzip members in a row are one text, as the format has it.
    ///
    /// Stops as soon as more than `limitBytes` have come out: whatever a bomb promises, the memory is the limit and one
    /// piece. Costs about 3 ns a byte of output.
    package static func unpack(_ bytes: [UInt8], limitBytes: Int) throws(Refusal) -> [UInt8] {
        let inflater = try Inflater()
        var output: [UInt8] = []
        output.reserveCapacity(min(limitBytes, bytes.count * 4))
        var refusal: Refusal?
        bytes.withUnsafeBufferPointer { input in
            do throws(Refusal) {
                try inflater.run(input, limitBytes: limitBytes, into: &output)
            } catch {
                refusal = error
            }
        }
        if let refusal { throw refusal }
        return output
    }
}

/// One zlib stream. On the heap, because zlib's state points back at it.
private final class Inflater {
    /// The largest window, and a gzip header in front (zlib's own encoding of both).
    private static let windowBits = MAX_WBITS + 16
    private static let pieceBytes = 64 << 10

    private let stream: UnsafeMutablePointer<z_stream>
    private let piece: UnsafeMutableBufferPointer<UInt8>

    init() throws(Gzip.Refusal) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        piece = .allocate(capacity: Self.pieceBytes)
        let status = inflateInit2_(stream, Self.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib cannot start: it is out of memory, or another version than its header")
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        piece.deallocate()
    }

    func run(
        _ input: UnsafeBufferPointer<UInt8>, limitBytes: Int, into output: inout [UInt8]
    ) throws(Gzip.Refusal) {
        // zlib only reads through this pointer.
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.pointee.avail_in = UInt32(input.count)
        while true {
            stream.pointee.next_out = piece.baseAddress
            stream.pointee.avail_out = UInt32(piece.count)
            let status = inflate(stream, Z_NO_FLUSH)
            let made = piece.count - Int(stream.pointee.avail_out)
            guard output.count + made <= limitBytes else { throw .tooLarge }
            output.append(contentsOf: piece[..<made])
            switch status {
            case Z_STREAM_END:
                if stream.pointee.avail_in == 0 { return }
                guard inflateReset(stream) == Z_OK else { throw .corrupt }
            case Z_OK where made > 0 || stream.pointee.avail_in > 0: continue
            // Out of input before the end, or damaged.
            case _: throw .corrupt
            }
        }
    }
}
