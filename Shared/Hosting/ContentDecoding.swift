import Compression
import EventLoop
import HTTPServer
import PinpointAPI

/// `Content-Encoding` of request bodies: gzip or nothing.
enum ContentDecoding {
    /// For `Accept-Encoding` of a 415, which tells the client what would have been taken (RFC 9110 §15.5.16).
    static let accepted = "gzip"
    /// What comes out within a millisecond; the rest of a longer text comes on a thread beside the loop.
    private static let bytesUnpackedOnLoop = 256 << 10

    /// Puts the plain body in place of an encoded one. What comes out has the same limit as what was received.
    ///
    /// Throws 415 for another encoding, 400 for what is no gzip, 413 beyond the limit.
    static func apply(
        to request: inout HTTPRequest, limitBytes: Int, loop: EventLoop
    ) async throws {
        guard !request.body.isEmpty, request.headers.contains("content-encoding") else { return }
        let encodings = request.headers.values(for: "content-encoding").flatMap { value in
            value.split(separator: ",", omittingEmptySubsequences: false).map { $0.filter { $0 != " " }.lowercased() }
        }
        let coded = encodings.filter { $0 != "identity" }
        guard !coded.isEmpty else { return }
        guard coded == ["gzip"] || coded == ["x-gzip"] else {
            throw APIError.unsupportedMediaType("Content-Encoding must be gzip, or absent")
        }
        request.body = try await unpack(request.body, limitBytes: limitBytes, loop: loop)
    }

    private static func unpack(_ body: [UInt8], limitBytes: Int, loop: EventLoop) async throws -> [UInt8] {
        let limitOnLoop = min(limitBytes, bytesUnpackedOnLoop)
        do {
            return try Gzip.unpack(body, limitBytes: limitOnLoop)
        } catch .tooLarge where limitOnLoop < limitBytes {
            do {
                return try await loop.offload { try Gzip.unpack(body, limitBytes: limitBytes) }
            } catch let refusal as Gzip.Refusal {
                throw error(refusal, limitBytes: limitBytes)
            }
        } catch {
            throw Self.error(error, limitBytes: limitBytes)
        }
    }

    private static func error(_ refusal: Gzip.Refusal, limitBytes: Int) -> APIError {
        switch refusal {
        case .corrupt: .badRequest("The request body is not valid gzip")
        case .tooLarge: .payloadTooLarge("The request body is larger than \(limitBytes) bytes once it is unpacked")
        }
    }
}
