import Core
import Crypto
import HTTPClient
import HTTPServer
import Hosting
import Model
import Postgres
import Runtime
import TestKit
import Testing

@testable import Access
@testable import IngestAPI

/// What pages and apps without a secret use: write keys, temporary credentials, beacons, packed bodies, the web SDK.
@Suite(.database) struct BrowserTests {
    private typealias Ingest = RunningIngest

    private static let batch: JSON = [
        "BatchItem": ["e": ["Endpoint": ["Demographic": ["Locale": "sv"]], "Events": ["1": Ingest.event()]]]
    ]

    private func writeKey(_ ingest: Ingest, origins: [String] = []) async throws -> String {
        let made = try await ingest.test.database.transaction { session in
            try await WriteKeyStore.create(
                WriteKeyRequest(name: nil, origins: origins), app: ingest.app, account: Ingest.account,
                environment: ingest.context.environment, in: session)
        }
        return try #require(made).token
    }

    /// How often the event of `batch` is stored, and whether its endpoint is.
    private func stored(_ ingest: Ingest) async throws -> [Int] {
        [
            try await ingest.count("SELECT count(*) FROM events"),
            try await ingest.count("SELECT count(*) FROM endpoints"),
        ]
    }

    /// As Amplify's Signer.signUrl has it: only the host is signed beside the query, and nothing says when it expires.
    private static func presigned(
        _ path: String, host: String, body: [UInt8], _ credentials: TemporaryCredentials, at: Instant, token: String
    ) -> String? {
        let time = SignatureTime.format(at)
        let scope = "\(time.prefix(8))/eu-west-1/mobiletargeting/aws4_request"
        let credential = "\(credentials.accessKeyID)/\(scope)".split(separator: "/").joined(separator: "%2F")
        let target =
            "\(path)?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=\(credential)&X-Amz-Date=\(time)"
            + "&X-Amz-SignedHeaders=host&X-Amz-Security-Token=\(token)"
        let request = HTTPRequest(method: "POST", target: target, headers: ["Host": host], body: body)
        let hash = Hex.lowercase(SHA256.hash(body))
        let key = SigV4.signingKey(secret: credentials.secret, day: String(time.prefix(8)), region: "eu-west-1")
        return CanonicalRequest(request, signedHeaders: ["host"], payloadHash: hash).map { canonical in
            "\(target)&X-Amz-Signature=\(SigV4.signature(canonical, at: at, scope: scope, key: key))"
        }
    }

    /// 5 MB of spaces as gzip makes 5 KB of them: its own zeros are the repeated match.
    private static let spaces: [UInt8] = {
        let head: [UInt8] = [
            0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xFF, 0xEC, 0xC1, 0x81, 0x00, 0x00, 0x00, 0x00, 0x80,
            0x20, 0x95, 0xFD, 0x29, 0x17, 0xA9, 0x0A,
        ]
        let tail: [UInt8] = [0x1C, 0x01, 0xD3, 0xB0, 0xD3, 0x43, 0x00, 0x00, 0x50, 0x00]
        return head + [UInt8](repeating: 0, count: 5129 - head.count - tail.count) + tail
    }()

    @Test func `a write key puts events and endpoints, by header or in a beacon's query, and reads nothing`()
        async throws
    {
        try await RunningIngest.run { ingest in
            let key = try await writeKey(ingest)
            let header = [(name: "X-Needletail-Write-Key", value: key)]
            let events = "\(ingest.path)/events"
            let body = Self.batch.serialized
            #expect(try await ingest.plain("POST", events, body, header).status == 202)
            let text = [(name: "Content-Type", value: "text/plain;charset=UTF-8")]
            #expect(try await ingest.plain("POST", "\(events)?write-key=\(key)", body, text).status == 202)
            #expect(try await stored(ingest) == [1, 1])
            let endpoint: JSON = ["ChannelType": "EMAIL", "Address": "a@b.c"]
            let one = try await ingest.plain("PUT", "\(ingest.path)/endpoints/p", endpoint.serialized, header)
            #expect(one.status == 202)
            let item: JSON = ["Item": [["Id": "q", "ChannelType": "EMAIL", "Address": "d@b.c"]]]
            #expect(try await ingest.plain("PUT", "\(ingest.path)/endpoints", item.serialized, header).status == 202)
            for (method, target) in [
                ("GET", "endpoints/p"), ("DELETE", "endpoints/p"), ("GET", "users/u"), ("DELETE", "users/u"),
            ] {
                let answer = try await ingest.plain(method, "\(ingest.path)/\(target)", [], header)
                #expect(answer.status == 403, "\(method) \(target)")
                #expect(answer.json["Address"] == nil)
            }
            let other = "/v1/apps/\(AppID(high: 9, low: 9))/events"
            #expect(try await ingest.plain("POST", other, body, header).status == 403)
            #expect(try await ingest.count("SELECT count(*) FROM endpoints") == 3)
        }
    }

    @Test func `a write key puts events of the last year, a key of the account older ones too`() async throws {
        try await RunningIngest.run { ingest in
            let header = [(name: "X-Needletail-Write-Key", value: try await writeKey(ingest))]
            let events: JSON = [
                "old": Ingest.event(at: Ingest.now - .seconds(367 * 86_400)),
                "late": Ingest.event(at: Ingest.now - .seconds(366 * 86_400)),
            ]
            let batch: JSON = ["BatchItem": ["e": ["Endpoint": [:], "Events": events]]]
            let answer = try await ingest.plain("POST", "\(ingest.path)/events", batch.serialized, header)
            let results = answer.json["Results"]?["e"]?["EventsItemResponse"]
            #expect(results?["late"]?["StatusCode"] == 202)
            #expect(results?["old"]?["StatusCode"] == 400)
            #expect(results?["old"]?["Message"]?.string?.contains("more than a year ago") == true)
            #expect(try await ingest.count("SELECT count(*) FROM events") == 1)
            _ = try await ingest.send("POST", "\(ingest.path)/events", batch)
            #expect(try await ingest.count("SELECT count(*) FROM events") == 2)
        }
    }

    @Test func `every route of the process says the same of a write key as the policy`() async throws {
        try await RunningIngest.run { ingest in
            let key = try await writeKey(ingest)
            let header = [(name: "X-Needletail-Write-Key", value: key)]
            let allowed: Set<String> = [
                "PUT /v1/apps/{application-id}/endpoints/{endpoint-id}", "PUT /v1/apps/{application-id}/endpoints",
                "POST /v1/apps/{application-id}/events", "POST /v1/apps/{application-id}/events/legacy",
                "POST /v1/apps/{application-id}/credentials",
                "GET /v1/apps/{application-id}/endpoints/{endpoint-id}/inappmessages",
                "GET /v1/apps/{application-id}/endpoints/{endpoint-id}/inappmessages/stream",
            ]
            var seen: Set<String> = []
            for route in Routes.all(IngestAPI.Ingest(ingest.context)) {
                guard case .signed = route.access else { continue }
                let name = "\(route.method) \(route.template)"
                seen.insert(name)
                let target = route.template.split(separator: "/").map { segment in
                    segment == "{application-id}" ? "\(ingest.app)" : segment.hasPrefix("{") ? "x" : String(segment)
                }.reduce("") { "\($0)/\($1)" }
                let answer = try await ingest.plain(route.method, target, [], header)
                #expect((answer.status != 403) == allowed.contains(name), "\(name): \(answer.status)")
                let stranger = try await ingest.plain(route.method, target, [], [])
                #expect(stranger.status == 403, "\(name)")
            }
            #expect(allowed.isSubset(of: seen))
        }
    }

    @Test func `a write key is swapped for credentials that sign`() async throws {
        try await RunningIngest.run { ingest in
            let key = try await writeKey(ingest)
            let header = [(name: "X-Needletail-Write-Key", value: key)]
            let target = "\(ingest.path)/credentials"
            let answer = try await ingest.plain("POST", target, Array("{}".utf8), header)
            #expect(answer.status == 200)
            #expect(answer.header("Cache-Control") == "no-store")
            #expect(answer.json["AccessKeyId"]?.string?.hasPrefix("ASIA") == true)
            #expect(answer.json["AccessKeyId"]?.string?.utf8.count == 20)
            #expect(answer.json["SecretAccessKey"]?.string?.utf8.count == 40)
            let now = ingest.context.environment.realNow()
            #expect(answer.json["Expiration"]?.string == (now + .seconds(3600)).description)
            let token = try #require(answer.json["SessionToken"]?.string)
            #expect(token.utf8.count < 600)
            let opened = try #require(TemporaryCredentials.open(token, ingest.context.masterKey))
            #expect(opened.app == ingest.app)
            #expect(opened.secret == answer.json["SecretAccessKey"]?.string)
            let longest = try await ingest.plain("POST", target, Array(#"{"DurationSeconds":43200}"#.utf8), header)
            #expect(longest.json["Expiration"]?.string == (now + .seconds(43_200)).description)
            for (body, text) in [
                (#"{"DurationSeconds":899}"#, "from 900 to 43200"), (#"{"DurationSeconds":43201}"#, "from 900"),
                (#"{"DurationSeconds":"900"}"#, "from 900"), (#"{"Duration":900}"#, "Duration is not known"),
                ("[]", "must be a JSON object"),
            ] {
                let refused = try await ingest.plain("POST", target, Array(body.utf8), header)
                #expect(refused.status == 400)
                #expect(refused.message?.contains(text) == true, "\(refused.message ?? "")")
            }
            // Only the key itself: an account's key has nothing that a revocation could end.
            #expect(try await ingest.send("POST", target, ["DurationSeconds": 900]).status == 403)
        }
    }

    @Test func `Amplify's beacon, signed in its query, is taken where it posts and nowhere else`() async throws {
        try await RunningIngest.run { ingest in
            let key = try await writeKey(ingest)
            let swapped = try await ingest.plain(
                "POST", "\(ingest.path)/credentials", [], [(name: "X-Needletail-Write-Key", value: key)])
            let credentials = try #require(
                TemporaryCredentials.open(swapped.json["SessionToken"]?.string ?? "", ingest.context.masterKey))
            let body = Self.batch.serialized
            func beacon(_ path: String, at: Instant, body signed: [UInt8]) async throws -> Ingest.Answer {
                let target = try #require(
                    Self.presigned(
                        path, host: ingest.host, body: signed, credentials, at: at,
                        token: swapped.json["SessionToken"]?.string ?? ""))
                return try await ingest.plain(
                    "POST", target, body, [(name: "Content-Type", value: "text/plain;charset=UTF-8")])
            }
            let now = ingest.context.environment.realNow()
            let legacy = "\(ingest.path)/events/legacy"
            #expect(try await beacon(legacy, at: now, body: body).status == 202)
            #expect(try await stored(ingest) == [1, 1])
            let late = try await beacon(legacy, at: now - .seconds(301), body: body)
            #expect(late.status == 403)
            let changed = try await beacon(legacy, at: now, body: [0x7B, 0x7D])
            #expect(changed.json["Message"]?.string?.hasPrefix("The request signature") == true)
            #expect(try await beacon("\(ingest.path)/events", at: now, body: body).status == 403)
        }
    }

    @Test func `a packed request is stored; a bomb is refused`() async throws {
        try await RunningIngest.run { ingest in
            // {"BatchItem":{"e":{"Endpoint":{},"Events":{"1":{"EventType":"x","Timestamp":"1998-07-01T00:00:00Z"}}}}}
            let packed: [UInt8] = [
                0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xFF, 0xAB, 0x56, 0x72, 0x4A, 0x2C, 0x49, 0xCE,
                0xF0, 0x2C, 0x49, 0xCD, 0x55, 0xB2, 0xAA, 0x56, 0x4A, 0x05, 0x11, 0xAE, 0x79, 0x29, 0x05, 0xF9, 0x99,
                0x79, 0x25, 0x40, 0x76, 0xAD, 0x8E, 0x92, 0x6B, 0x59, 0x6A, 0x5E, 0x49, 0x31, 0x48, 0xDC, 0x10, 0x2C,
                0x09, 0xE2, 0x86, 0x54, 0x16, 0x00, 0x55, 0x2A, 0x55, 0x28, 0xE9, 0x28, 0x85, 0x64, 0xE6, 0xA6, 0x16,
                0x97, 0x24, 0xE6, 0x16, 0x00, 0xF9, 0x86, 0x96, 0x96, 0x16, 0xBA, 0x06, 0xE6, 0xBA, 0x06, 0x86, 0x21,
                0x06, 0x06, 0x56, 0x60, 0x14, 0xA5, 0x54, 0x0B, 0x02, 0x00, 0x7B, 0x78, 0xAD, 0x50, 0x67, 0x00, 0x00,
                0x00,
            ]
            let headers = [(name: "Content-Encoding", value: "gzip")]
            let answer = try await ingest.send("POST", "\(ingest.path)/events", packed, headers: headers)
            #expect(answer.status == 202)
            #expect(try await ingest.count("SELECT count(*) FROM events") == 1)
            // 5 MB of spaces in 5 KB; the route takes 4 MB.
            let bomb = Self.spaces
            let refused = try await ingest.send("POST", "\(ingest.path)/events", bomb, headers: headers)
            #expect(refused.status == 413)
            #expect(refused.header("Access-Control-Allow-Origin") == "*")
        }
    }

    @Test func `the web SDK is small, cached, and asked for again only when it changed`() async throws {
        try await RunningIngest.run { ingest in
            let first = try await ingest.plain("GET", "/sdk/needletail.js", [], [])
            #expect(first.status == 200)
            #expect(first.body.count < 6 << 10)
            #expect(first.header("Content-Type") == "text/javascript; charset=utf-8")
            #expect(first.header("Access-Control-Allow-Origin") == "*")
            #expect(first.header("Cache-Control")?.contains("max-age") == true)
            let tag = try #require(first.header("ETag"))
            for value in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
                let again = try await ingest.plain(
                    "GET", "/sdk/needletail.js", [], [(name: "If-None-Match", value: value)])
                #expect(again.status == 304, "\(value)")
                #expect(again.body.isEmpty)
            }
            let changed = try await ingest.plain(
                "GET", "/sdk/needletail.js", [], [(name: "If-None-Match", value: "\"other\"")])
            #expect(changed.status == 200)
            #expect(try await ingest.plain("GET", "/sdk/other.js", [], []).status == 404)
        }
    }

    @Test func `browsers may ask first for every route, and read every error`() async throws {
        try await RunningIngest.run { ingest in
            let asked =
                "authorization,content-type,x-amz-date,x-amz-security-token,x-amz-user-agent,x-amz-target,x-needletail-write-key"
            for route in Routes.all(IngestAPI.Ingest(ingest.context)) {
                guard case .signed = route.access else { continue }
                let target = route.template.split(separator: "/").map { $0.hasPrefix("{") ? "x" : String($0) }
                    .reduce("") { "\($0)/\($1)" }
                let answer = try await ingest.plain(
                    "OPTIONS", target, [],
                    [
                        (name: "Origin", value: "https://shop.example"),
                        (name: "Access-Control-Request-Method", value: route.method),
                        (name: "Access-Control-Request-Headers", value: asked),
                    ])
                #expect(answer.status == 204, "\(route.method) \(route.template)")
                #expect(answer.header("Access-Control-Allow-Headers") == asked)
                #expect(answer.header("Access-Control-Allow-Origin") == "*")
                #expect(answer.header("Access-Control-Max-Age") == "7200")
                #expect(answer.header("Access-Control-Allow-Methods")?.contains(route.method) == true)
            }
            for (method, target, status) in [
                ("GET", "/nothing", 404), ("PATCH", "\(ingest.path)/events", 405),
                ("POST", "\(ingest.path)/events", 403),
            ] {
                let answer = try await ingest.plain(method, target, [], [])
                #expect(answer.status == status)
                #expect(answer.header("Access-Control-Allow-Origin") == "*")
                #expect(answer.header("Access-Control-Expose-Headers")?.contains("x-amzn-ErrorType") == true)
            }
        }
    }
}
