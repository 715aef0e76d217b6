import Core
import Crypto
import HTTPServer

/// The text that SigV4 signs, from the raw bytes of a request (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
///
/// The path is encoded once more than it came (wire `a%2Fb` signs as `a%252Fb`), as every service but S3 has it. Dot segments and
/// double slashes are left as they are: what is signed is what is routed.
struct CanonicalRequest {
    var method: String
    var rawPath: String
    var rawQuery: String
    var headers: [(name: String, value: String)]
    var payloadHash: String

    /// Nil when the query is no valid percent-encoding.
    init?(
        _ request: HTTPRequest, signedHeaders: [String], payloadHash: String, leavingOut omitted: String? = nil
    ) {
        guard let query = Self.canonicalQuery(request.rawQuery, leavingOut: omitted) else { return nil }
        method = request.method
        rawPath = request.rawPath
        rawQuery = query
        headers = signedHeaders.map { name in
            (name, request.headers.values(for: name).map(Self.collapsed).joined(separator: ","))
        }
        self.payloadHash = payloadHash
    }

    var signedHeaderList: String { headers.map(\.name).joined(separator: ";") }

    var text: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        bytes.append(contentsOf: method.utf8)
        bytes.append(0x0A)
        URIEncoding.append(rawPath.utf8, keepingSlashes: true, to: &bytes)
        bytes.append(0x0A)
        bytes.append(contentsOf: rawQuery.utf8)
        bytes.append(0x0A)
        for (name, value) in headers {
            bytes.append(contentsOf: name.utf8)
            bytes.append(0x3A)
            bytes.append(contentsOf: value.utf8)
            bytes.append(0x0A)
        }
        bytes.append(0x0A)
        bytes.append(contentsOf: signedHeaderList.utf8)
        bytes.append(0x0A)
        bytes.append(contentsOf: payloadHash.utf8)
        return bytes
    }

    /// Each name and value decoded and encoded again, sorted by the encoded bytes, empty values kept.
    static func canonicalQuery(_ rawQuery: String, leavingOut omitted: String?) -> String? {
        guard !rawQuery.isEmpty else { return "" }
        var pairs: [(name: [UInt8], value: [UInt8])] = []
        for part in rawQuery.utf8.split(separator: 0x26, omittingEmptySubsequences: false) {
            let equals = part.firstIndex(of: 0x3D) ?? part.endIndex
            let rest = equals == part.endIndex ? part[part.endIndex...] : part[part.index(after: equals)...]
            guard let name = URIEncoding.normalized(part[..<equals]), let value = URIEncoding.normalized(rest) else {
                return nil
            }
            pairs.append((name, value))
        }
        let omittedBytes = omitted.map { Array($0.utf8) }
        let kept = pairs.filter { $0.name != omittedBytes }.sorted { left, right in
            left.name == right.name
                ? left.value.lexicographicallyPrecedes(right.value) : left.name.lexicographicallyPrecedes(right.name)
        }
        return kept.map { String(decoding: $0.name + [0x3D] + $0.value, as: UTF8.self) }.joined(separator: "&")
    }

    /// Trimmed, and inner runs of white space made one space.
    static func collapsed(_ value: String) -> String {
        value.utf8.split { $0 == 0x20 || $0 == 0x09 }
            .map { String(decoding: Array($0), as: UTF8.self) }
            .joined(separator: " ")
    }
}

/// AWS's form of percent-encoding: everything but `A–Z a–z 0–9 - _ . ~`, in upper-case hex.
enum URIEncoding {
    private static let hex = Array("0123456789ABCDEF".utf8)

    static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
        default: false
        }
    }

    static func append(_ text: some Sequence<UInt8>, keepingSlashes: Bool, to bytes: inout [UInt8]) {
        for byte in text {
            if isUnreserved(byte) || keepingSlashes && byte == 0x2F {
                bytes.append(byte)
            } else {
                bytes.append(0x25)
                bytes.append(hex[Int(byte >> 4)])
                bytes.append(hex[Int(byte & 15)])
            }
        }
    }

    /// Decodes and encodes again; nil for a `%` without two hex digits.
    static func normalized(_ text: Substring.UTF8View) -> [UInt8]? {
        var decoded: [UInt8] = []
        var iterator = text.makeIterator()
        while let byte = iterator.next() {
            guard byte == 0x25 else {
                decoded.append(byte)
                continue
            }
            guard let high = iterator.next(), let low = iterator.next(),
                let value = Hex.decode(String(decoding: [high, low], as: UTF8.self)), value.count == 1
            else { return nil }
            decoded.append(value[0])
        }
        var bytes: [UInt8] = []
        append(decoded, keepingSlashes: false, to: &bytes)
        return bytes
    }
}
