import Core
import HTTPClient
import HTTPServer
import Model
import Providers
import TestKit

/// Asks the carriers' own code (`Tests/peers/carriers.py`).
enum CarrierPeer {
    static func ask(_ question: String, _ request: JSON) async throws -> JSON {
        let text = String(decoding: request.serialized, as: UTF8.self)
        let process = try ChildProcess(
            "python3", ["\(BuildPaths.repository)/Tests/peers/carriers.py", question, text])
        let status = try await process.waitForExit(within: .seconds(60))
        guard status == 0, let line = process.output.last else {
            throw TestKitError("carriers.py \(question) ended with \(status): \(process.output.suffix(5))")
        }
        return try JSON.parse(Array(line.utf8))
    }

    /// Whether botocore would have made these calls.
    static func complaints(
        about requests: [ClientRequest], key: (id: String, secret: String), token: String? = nil
    ) async throws -> [String] {
        var question: JSONObject = ["key_id": .string(key.id), "secret": .string(key.secret)]
        question["token"] = token.map { .string($0) }
        question["calls"] = .array(
            requests.map { request in
                let rest = request.url.split(separator: "://", maxSplits: 1).last ?? ""
                let slash = rest.firstIndex(of: "/") ?? rest.endIndex
                let headers = request.headers + [("Host", String(rest[..<slash]))]
                return [
                    "target": .string(String(rest[slash...])),
                    "headers": .array(headers.map { [.string($0.name), .string($0.value)] }),
                    "body": .string(String(decoding: request.body, as: UTF8.self)),
                ]
            })
        return try await ask("aws", .object(question)).array?.compactMap(\.string) ?? ["no answer"]
    }
}

extension ProviderSetup {
    /// Of a provider as the tests configure it.
    static func test(
        _ kind: String, channel: String = "SMS", settings: JSONObject = [:], secrets: JSONObject = [:],
        publicURL: String = "https://n.example.com"
    ) -> ProviderSetup {
        ProviderSetup(
            app: AppID(high: 1, low: 1), channelType: channel,
            provider: StoredProvider(
                id: ProviderID(high: 5, low: 5), name: "tested", kind: kind, settings: settings, secrets: secrets),
            publicURL: publicURL)
    }
}

extension InboundCall {
    /// As the peers post it.
    static func test(
        _ what: String, method: String = "POST", query: String = "", type: String? = nil,
        headers: [(name: String, value: String)] = [], body: String = "", at: Instant = Instant(seconds: 1_700_000_000)
    ) -> InboundCall {
        let mark = query.isEmpty ? "" : "?"
        return InboundCall(
            method: method, what: what,
            url: "https://n.example.com/inbound/\(ProviderID(high: 5, low: 5))/\(what)\(mark)\(query)", query: query,
            headers: (type.map { [("content-type", $0)] } ?? []) + headers, body: Array(body.utf8), receivedAt: at)
    }
}

extension HTTPResponse {
    /// The body of an answer that is not streamed.
    var words: String {
        if case .bytes(let bytes) = body { return String(decoding: bytes, as: UTF8.self) }
        return "a stream"
    }
}
