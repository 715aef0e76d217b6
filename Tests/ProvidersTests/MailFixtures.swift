import Core
import Crypto
import EventLoop
import Glibc
import HTTPClient
import Model
import Postgres
import Providers
import Runtime
import TestKit

/// What the tests of the e-mail providers share: recorded calls, a message, and tools without a network.
enum MailFixtures {
    static let reference = SendReference(
        run: RunID(high: 2, low: 2), chunk: 3, ordinal: 4, endpointKey: 5, treatment: 0)

    static func references() throws -> SendReferences {
        SendReferences(masterKey: try MasterKey(bytes: [UInt8](repeating: 7, count: 32)))
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        let path = "\(BuildPaths.repository)/Tests/ProvidersTests/Fixtures/\(path)"
        guard let file = fopen(path, "r") else { throw TestKitError("no fixture \(path)") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return bytes
    }

    static func json(_ path: String) throws -> JSON { try JSON.parse(bytes(path)) }

    static func email(
        _ token: String = "token", to: String = "a@y.test", html: String? = "<p>Hello</p>", text: String? = "Hello"
    ) throws -> OutgoingEmail {
        guard let from = EmailMailbox("\"Shop, \\\"Inc\\\"\" <shop@example.com>"), let recipient = EmailMailbox(to),
            let reply = EmailMailbox("r+\(token)@reply.example.com")
        else { throw TestKitError("no addresses") }
        let content = """
            Date: Wed, 01 Jul 1998 09:30:00 +0000\r
            From: "Shop, \\"Inc\\"" <shop@example.com>\r
            MIME-Version: 1.0\r
            Feedback-ID: c1:app:campaign:needletail\r
            To: \(to)\r
            Message-ID: <\(token)@example.com>\r
            X-Needletail-Reference: \(token)\r
            Subject: =?UTF-8?B?R3LDvMOfZQ==?=\r
            List-Unsubscribe: <https://u.test/u/tok>,\r
             <mailto:u+tok@reply.example.com?subject=unsubscribe>\r
            List-Unsubscribe-Post: List-Unsubscribe=One-Click\r
            Content-Type: text/plain; charset=UTF-8\r
            Content-Transfer-Encoding: 7bit\r
            \r
            Hello\r

            """
        return OutgoingEmail(
            sender: "b+\(token)@bounce.example.com", recipient: recipient.address, content: Array(content.utf8),
            token: token,
            parts: .init(
                from: from, to: recipient, replyTo: [reply], subject: Array("Grüße".utf8),
                html: html.map { Array($0.utf8) }, text: text.map { Array($0.utf8) }))
    }

    static func setup(
        _ kind: String, settings: JSONObject = [:], secrets: JSONObject = [:], channel: JSONObject = [:]
    ) -> ProviderSetup {
        ProviderSetup(
            app: AppID(high: 1, low: 1), channelType: "EMAIL",
            provider: StoredProvider(
                id: ProviderID(high: 5, low: 5), name: "tested", kind: kind, settings: settings, secrets: secrets),
            channel: channel, publicURL: "https://n.example.com")
    }

    /// `rules`: of the HTTP client. Its database is never asked.
    static func tools(
        _ loop: EventLoop, at now: Instant = now, allow: String = "127.0.0.1/32", authority: String? = nil
    ) throws -> ProviderTools {
        let environment = TestEnvironment.make(now: now)
        let rules = OutboundRules(allow: OutboundAllowList(allow) ?? .empty, certificateAuthorityFile: authority)
        return ProviderTools(
            client: OutboundClient(rules: rules, environment: environment, metrics: Metrics()),
            database: Database(
                url: "postgresql://127.0.0.1:1/none", loop: loop, environment: environment, metrics: Metrics(),
                poolSize: 1),
            environment: environment, metrics: Metrics(), publicURL: "https://n.example.com",
            references: try references(), loop: loop)
    }

    static let now = Instant(seconds: 1_767_323_045)  // 2026-01-02T03:04:05Z

    static func call(
        _ body: [UInt8], what: String = "events", headers: [(name: String, value: String)] = [],
        at instant: Instant = now
    ) -> InboundCall {
        InboundCall(
            what: what, url: "https://n.example.com/inbound/x/\(what)", headers: headers, body: body,
            receivedAt: instant)
    }
}

extension [InboundEvent] {
    var receipts: [Receipt] {
        compactMap { if case .receipt(let receipt) = $0 { receipt } else { nil } }
    }
    var replies: [Reply] {
        compactMap { if case .reply(let reply) = $0 { reply } else { nil } }
    }
}
