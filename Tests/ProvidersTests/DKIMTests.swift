import Core
import Crypto
import EventLoop
import HTTPClient
import Model
import Runtime
import TestKit
import Testing

@testable import Providers

/// Signatures of ours, verified by dkimpy; keys as `openssl` makes them.
@Suite(.timeLimit(.minutes(1))) struct DKIMTests {
    struct Keys: Sendable {
        let rsa: String
        let ed25519: String

        static func make() async throws -> Keys {
            Keys(
                rsa: try await pem(["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
                ed25519: try await pem(["genpkey", "-quiet", "-algorithm", "ED25519"]))
        }

        private static func pem(_ arguments: [String]) async throws -> String {
            let process = try ChildProcess("openssl", arguments)
            try await process.waitForExit()
            let lines = process.output
            guard let start = lines.firstIndex(where: { $0.hasPrefix("-----BEGIN") }) else {
                throw TestKitError("openssl made no key: \(lines)")
            }
            return lines[start...].joined(separator: "\n") + "\n"
        }

        var identities: [DKIMSigner.Identity] {
            get throws {
                [
                    .init(selector: "rsa", key: try DKIMKey(pem: rsa)),
                    .init(selector: "ed", key: try DKIMKey(pem: ed25519)),
                ]
            }
        }

        func records(_ domain: String) throws -> JSON {
            var records: JSONObject = [:]
            for identity in try identities {
                records["\(identity.selector)._domainkey.\(domain)"] = .string(identity.key.record)
            }
            return .object(records)
        }
    }

    /// What dkimpy says of each message's signatures, from the top.
    private func verdicts(_ jobs: [JSON]) async throws -> [[JSON]] {
        let directory = try ScratchDirectory()
        try directory.write("jobs", jobs.map { $0.text + "\n" }.joined())
        return try await Peer.run("dkim_check.py", ["\(directory.path)/jobs"]).map { try JSON.parse($0).array ?? [] }
    }

    private static let bodies = [
        "Hello\r\n", "", "\r\n\r\n", "trailing  blanks \t\r\n\r\n a\tb \r\n\r\n\r\n", "no line end",
        "Long " + String(repeating: "word ", count: 150) + "\r\n.dot\r\n", " \r\n \r\n",
    ]

    private static func message(_ body: String) -> [UInt8] {
        Array(
            """
            Date: Wed, 01 Jul 1998 09:30:00 +0000\r
            From:   Shop   <shop@example.com>\r
            To: a@y.test\r
            Message-ID: <token@example.com>\r
            Subject: =?UTF-8?B?R3LDvMOfZQ==?=\r
             and   more\r
            List-Unsubscribe: <https://u.test/u/tok>,\r
            \t<mailto:u+tok@reply.example.com?subject=unsubscribe>\r
            List-Unsubscribe-Post: List-Unsubscribe=One-Click\r
            X-Own: not signed\r
            MIME-Version: 1.0\r
            Content-Type: text/plain; charset=UTF-8\r
            \r
            \(body)
            """.utf8)
    }

    @Test func `dkimpy believes both signatures, and neither once a signed field or the body has changed`() async throws
    {
        let keys = try await Keys.make()
        let signer = DKIMSigner(domain: "example.com", identities: try keys.identities)
        let records = try keys.records("example.com")
        func job(_ raw: [UInt8], extra: String? = nil) -> JSON {
            var job: JSONObject = ["raw": .string(Base64.encode(raw)), "records": records]
            job["extra"] = extra.map { .string($0) }
            return .object(job)
        }
        let signed = try Self.bodies.map { try signer.sign(Self.message($0), at: MailFixtures.now) }
        // The second time the body's hash is known.
        let again = try signer.sign(Self.message(Self.bodies[0]), at: MailFixtures.now)
        #expect(again == signed[0])
        func changed(_ old: String, _ new: String) -> [UInt8] {
            Array(String(decoding: signed[0], as: UTF8.self).replacing(old, with: new).utf8)
        }
        let jobs =
            signed.map { job($0) } + [
                job(changed("X-Own: not signed", "X-Own: changed")), job(changed("Subject: =", "Subject:  =")),
                job(changed("https://u.test/u/tok", "https://evil.test/u/tok")), job(changed("Hello\r\n", "Hullo\r\n")),
                job(changed("To: a@y.test", "To: b@y.test")),
                job(signed[0], extra: "From: Boss <boss@example.com>\r\n"),
            ]
        let found = try await verdicts(jobs)
        #expect(found.count == jobs.count)
        for (place, verdict) in found.enumerated() {
            // dkimpy answers false for a changed field, and an error for a changed body.
            #expect(
                verdict.map { $0 == true } == (place < signed.count + 2 ? [true, true] : [false, false]),
                "message \(place)")
        }
    }

    @Test func `the fields are listed with From once more than there are, and lines are short`() async throws {
        let signer = DKIMSigner(domain: "example.com", identities: try await Keys.make().identities)
        let text = String(decoding: try signer.sign(Self.message("x\r\n"), at: MailFixtures.now), as: UTF8.self)
        let header = try #require(text.firstRange(of: "\r\nDate:")).lowerBound
        let lines = text[..<header].split(separator: "\r\n")
        #expect(lines.allSatisfy { $0.utf8.count <= 78 })
        let names = text.replacing("\r\n ", with: "").split(separator: "h=").dropFirst().first?.prefix { $0 != ";" }
            .split(separator: ":")
        #expect(names?.filter { $0 == "from" }.count == 2)
        #expect(names?.contains("list-unsubscribe-post") == true && names?.contains("x-own") == false)
    }

    @Test func `a key is refused with its reason and never repeated`() throws {
        for pem in ["", "secret-words", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            do throws(Fault) {
                _ = try DKIMKey(pem: pem)
                Issue.record("taken: \(pem)")
            } catch {
                #expect(error.code == .configuration && !"\(error)".contains("secret-words"))
            }
        }
    }

    /// As an operator would set it up, into a real server: VERP sender, both signatures, everything else as composed.
    @Test func `an app's own SMTP server gets signed mail with a sender of its own`() async throws {
        let keys = try await Keys.make()
        let peer = try await SMTPPeer.start(["--pipelining", "--auth", "--tls-required"])
        let setup = MailFixtures.setup(
            "smtp",
            settings: [
                "Url": .string("smtp://localhost:\(peer.port)?tls=required"), "BounceDomain": "Bounce.Example.com",
                "DkimDomain": "example.com", "DkimSelector": "rsa", "DkimEd25519Selector": "ed", "Connections": 2,
                "ConnectionsPerDomain": "1",
            ],
            secrets: [
                "Username": "user", "Password": "p@ss:word", "DkimPrivateKey": .string(keys.rsa),
                "DkimEd25519PrivateKey": .string(keys.ed25519.replacing("\n", with: "\\n")),
            ])
        let emails = try (0..<6).map { try MailFixtures.email("token\($0)", to: "a\($0)@y.test") }
        let outcomes = try await TestLoop.run { loop -> [SendOutcome] in
            let tools = try MailFixtures.tools(
                loop, allow: "127.0.0.1/32,::1/128", authority: peer.certificateAuthorityFile)
            let make = try #require(SMTP.kind.email)
            let provider = try make(setup, tools)
            return await provider.deliver(emails)
        }
        for outcome in outcomes {
            guard case .accepted = outcome else {
                Issue.record("\(outcome)")
                return
            }
        }
        let messages = try peer.messages()
        #expect(
            Set(messages.compactMap { $0["from"]?.string }) == Set((0..<6).map { "b+token\($0)@bounce.example.com" }))
        let records = try keys.records("example.com")
        let found = try await verdicts(
            messages.map { ["raw": $0["raw"] ?? .null, "records": records] })
        let both: [JSON] = [true, true]
        #expect(found.count == messages.count && found.allSatisfy { $0 == both })
    }

    @Test(arguments: [
        ("smtp://user:pw@mail.example.com", "must not contain"), ("smtp://h?ca=/etc/passwd", "must not name a file"),
        ("http://h", "must begin with smtp://"), ("smtp://h?tls=maybe", "tls of the SMTP URL"),
    ])
    func `an SMTP address that is a secret or names a file is refused`(url: String, words: String) throws {
        let check = try #require(SMTP.kind.settings.first { $0.name == "Url" }?.check)
        #expect(check(url)?.contains(words) == true, "\(check(url) ?? "taken")")
    }

    @Test func `an SMTP server inside is not for users to reach`() async throws {
        let peer = try await SMTPPeer.start()
        let email = try MailFixtures.email()
        for port in [peer.port, 25] {
            let setup = MailFixtures.setup("smtp", settings: ["Url": .string("smtp://127.0.0.1:\(port)")])
            let outcomes = try await TestLoop.run { loop -> [SendOutcome] in
                let tools = try MailFixtures.tools(loop, allow: "10.9.9.9/32")
                let make = try #require(SMTP.kind.email)
                let provider = try make(setup, tools)
                return await provider.deliver([email])
            }
            #expect(
                outcomes == [.notSent(.connection, detail: "the SMTP server's address or port is not permitted")])
        }
        #expect(try peer.messages().isEmpty)
    }
}
