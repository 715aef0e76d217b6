import Core
import HTTPServer
import Hosting
import PinpointAPI
import TestKit
import Testing

@Suite(.database) struct RequestEncodingTests {
    /// `{"Name":"shop"}` by Python's gzip.
    private static let packed: [UInt8] = [
        0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xAB, 0x56, 0xF2, 0x4B, 0xCC, 0x4D, 0x55, 0xB2,
        0x52,
        0x2A, 0xCE, 0xC8, 0x2F, 0x50, 0xAA, 0x05, 0x00, 0xD5, 0x20, 0x0D, 0x01, 0x0F, 0x00, 0x00, 0x00,
    ]

    private let echo = Route(.createApp, bodyLimitBytes: 64) { call in
        .json(try call.json().serialized, status: 201)
    }

    private func answer(_ body: [UInt8], encodings: [String]) async throws -> HTTPResponse {
        let service = try HostedService(TestDatabase.current)
        var request = service.signed("POST", "/v1/apps", bytes: body, contentType: "application/json")
        for encoding in encodings { request.headers.append("Content-Encoding", encoding) }
        return try await service.pipeline([echo]).answer(request)
    }

    @Test(arguments: [["gzip"], ["GZip"], ["x-gzip"], ["identity, gzip"], ["identity", "gzip"]])
    func `a packed body reaches the handler unpacked, and was signed as it was sent`(encodings: [String]) async throws {
        let response = try await answer(Self.packed, encodings: encodings)
        #expect(response.status == 201)
        #expect(try HostedService.json(response) == ["Name": "shop"])
    }

    @Test func `without the field, or with identity, a body is what it is`() async throws {
        for encodings in [[], ["identity"], [""]] {
            let response = try await answer(Array("{\"Name\":\"shop\"}".utf8), encodings: encodings)
            #expect(response.status == (encodings == [""] ? 415 : 201))
        }
    }

    @Test(arguments: [["br"], ["deflate"], ["gzip, gzip"], ["gzip", "gzip"], ["gzip;q=1"], ["zstd"]])
    func `any other encoding is a 415 that says what is taken`(encodings: [String]) async throws {
        let response = try await answer(Self.packed, encodings: encodings)
        #expect(response.status == 415)
        #expect(response.headers["Accept-Encoding"] == "gzip")
        #expect(response.headers["Access-Control-Allow-Origin"] == "*")
        #expect(try HostedService.json(response)["Message"] == "Content-Encoding must be gzip, or absent")
    }

    @Test func `damaged, cut and followed by garbage are each a 400`() async throws {
        for body in [Array(Self.packed.dropLast()), Self.packed + [1], Array("{}".utf8)] {
            let response = try await answer(body, encodings: ["gzip"])
            #expect(response.status == 400)
            #expect(try HostedService.json(response)["Message"] == "The request body is not valid gzip")
        }
    }

    @Test func `more than the route takes is a 413`() async throws {
        // 100 spaces.
        let body: [UInt8] = [
            0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xFF, 0x53, 0x50, 0xA0, 0x3D, 0x00, 0x00, 0x23, 0x00,
            0x6F,
            0xA3, 0x64, 0x00, 0x00, 0x00,
        ]
        let response = try await answer(body, encodings: ["gzip"])
        #expect(response.status == 413)
        #expect(response.headers["x-amzn-ErrorType"] == "PayloadTooLargeException")
    }
}
