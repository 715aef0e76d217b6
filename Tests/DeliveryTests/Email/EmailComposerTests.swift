import Core
import Providers
import Testing

@testable import Delivery

@Suite struct EmailComposerTests {
    static let date = Instant(seconds: 899_285_400)  // 1998-07-01T09:30:00Z

    static func layout(_ name: String? = "Shop", replyTo: [EmailMailbox] = []) throws -> EmailLayout {
        let from = try #require(EmailAddress("shop@x.test"))
        return try EmailLayout(
            from: EmailMailbox(name: name, address: from), replyTo: replyTo, feedbackID: "c1:app:campaign:needletail")
    }

    static func recipient(_ to: String = "Jane <jane@y.test>") throws -> EmailRecipient {
        EmailRecipient(
            to: try #require(EmailMailbox(to)), token: "tok-EN_1", date: date, unsubscribeURL: "https://u.test/u/tok",
            unsubscribeAddress: "u+tok@x.test", openPixelURL: "https://u.test/t/o/tok.gif")
    }

    private func composed(
        _ content: EmailContent, to: String = "Jane <jane@y.test>", rewrite: ((String) -> String?)? = nil
    ) throws -> String {
        var bytes: [UInt8] = []
        try EmailComposer(layout: Self.layout()).append(
            content, for: Self.recipient(to), to: &bytes, rewriteLink: rewrite)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func body(_ text: String) throws -> String {
        let message = try composed(EmailContent(subject: Array("s".utf8), text: Array(text.utf8)))
        let end = try #require(message.firstRange(of: "\r\n\r\n"))
        return String(message[end.upperBound...])
    }

    @Test func `a plain message is exactly this`() throws {
        #expect(
            try composed(EmailContent(subject: Array("Hello Jane".utf8), text: Array("Hi,\n.dot\r\nbye".utf8))) == """
                Date: Wed, 01 Jul 1998 09:30:00 +0000\r
                From: Shop <shop@x.test>\r
                MIME-Version: 1.0\r
                Feedback-ID: c1:app:campaign:needletail\r
                To: Jane <jane@y.test>\r
                Message-ID: <tok-EN_1@x.test>\r
                X-Needletail-Reference: tok-EN_1\r
                Subject: Hello Jane\r
                List-Unsubscribe: <https://u.test/u/tok>,\r
                 <mailto:u+tok@x.test?subject=unsubscribe>\r
                List-Unsubscribe-Post: List-Unsubscribe=One-Click\r
                Content-Type: text/plain; charset=UTF-8\r
                Content-Transfer-Encoding: 7bit\r
                \r
                Hi,\r
                .dot\r
                bye\r

                """)
    }

    @Test func `the same values give the same bytes`() throws {
        let content = EmailContent(subject: Array("日本".utf8), html: Array("<p>é</p>".utf8), text: Array("é".utf8))
        #expect(try composed(content) == composed(content))
    }

    @Test func `links are tracked except the unsubscribe link, and the pixel stands before the body's end`() throws {
        let html = """
            <body><a href="https://shop.test/?a=1&amp;b=2">x</a><a href="https://u.test/u/tok">u</a><a href="mailto:a@b.test">m</a></body>
            """
        let message = try composed(EmailContent(subject: [0x73], html: Array(html.utf8))) { url in
            "https://u.test/t/c/" + String(url.utf8.count) + "?x&y"
        }
        #expect(message.contains(#"href="https://u.test/t/c/26?x&amp;y""#))
        #expect(message.contains(#"href="https://u.test/u/tok""#))
        #expect(message.contains(#"href="mailto:a@b.test""#))
        #expect(message.contains(#"<img src="https://u.test/t/o/tok.gif""#))
        #expect(message.contains("border:0\"></body>"))
    }

    @Test func `the encoding follows the content`() {
        #expect(BodyEncoding(for: Array("plain\nlines".utf8)) == .sevenBit)
        #expect(BodyEncoding(for: Array(String(repeating: "x", count: 991).utf8)) == .quotedPrintable)
        #expect(BodyEncoding(for: Array(("naïve " + String(repeating: "text ", count: 20)).utf8)) == .quotedPrintable)
        #expect(BodyEncoding(for: Array("こんにちは".utf8)) == .base64)
        #expect(BodyEncoding(for: [0x61, 0, 0x62]) == .quotedPrintable)
        #expect(BodyEncoding(for: []) == .sevenBit)
    }

    @Test func `quoted-printable lines are short, end without blanks and begin without dots`() throws {
        let text = String(repeating: ".é x and words ", count: 100) + " \n.\n = \t\nend "
        let lines = try body(text).split(separator: "\r\n", omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { $0.utf8.count <= 76 })
        #expect(lines.allSatisfy { !$0.hasSuffix(" ") && !$0.hasSuffix("\t") && !$0.hasPrefix(".") })
        #expect(lines.contains("=2E"))
        #expect(lines.contains(" =3D =09"))
    }

    // MARK: Injection (F33)

    static let breaks = [
        "\r", "\n", "\r\n", "\r\nBcc: x@y.test", "\u{0}", "\u{2028}", "\u{2029}", "\u{85}", "\u{1B}", "\u{7F}",
    ]

    @Test(arguments: breaks)
    func `no header-bound value can begin a header of its own`(text: String) throws {
        let bad = "a\(text)b"
        func refused(_ make: () throws -> Void) {
            #expect(throws: EmailFault.self, "\(text.debugDescription)") { try make() }
        }
        refused { _ = try composed(EmailContent(subject: Array(bad.utf8), text: [0x61])) }
        refused { _ = try Self.layout(bad) }
        refused { _ = try Self.layout(replyTo: [EmailMailbox(name: bad, address: #require(EmailAddress("a@b.test")))]) }
        refused {
            _ = try composed(EmailContent(subject: [0x61], text: [0x61], headers: [.init(name: "X-A", value: bad)]))
        }
        refused {
            _ = try composed(
                EmailContent(subject: [0x61], text: [0x61], headers: [.init(name: "X" + text, value: "a")]))
        }
        refused {
            _ = try composed(
                EmailContent(subject: [0x61], text: [0x61], headers: [.init(name: "List-Help", value: bad)]))
        }
        refused {
            var recipient = try Self.recipient()
            recipient.to.name = bad
            var bytes: [UInt8] = []
            try EmailComposer(layout: Self.layout()).append(
                EmailContent(subject: [], text: []), for: recipient, to: &bytes)
        }
        for path in [\EmailRecipient.unsubscribeURL, \EmailRecipient.unsubscribeAddress] {
            refused {
                var recipient = try Self.recipient()
                recipient[keyPath: path] = bad
                var bytes: [UInt8] = []
                try EmailComposer(layout: Self.layout()).append(
                    EmailContent(subject: [], text: []), for: recipient, to: &bytes)
            }
        }
        refused {
            var recipient = try Self.recipient()
            recipient.token = bad
            var bytes: [UInt8] = []
            try EmailComposer(layout: Self.layout()).append(
                EmailContent(subject: [], text: []), for: recipient, to: &bytes)
        }
        refused {
            _ = try EmailLayout(from: EmailMailbox(address: #require(EmailAddress("a@b.test"))), messageIDDomain: bad)
        }
        refused {
            _ = try EmailLayout(from: EmailMailbox(address: #require(EmailAddress("a@b.test"))), feedbackID: bad)
        }
        #expect(EmailAddress("a\(text)@b.test") == nil)
        #expect(EmailAddress("a@b\(text).test") == nil)
    }

    @Test func `a percent-encoded line break stays text, and invalid UTF-8 is refused`() throws {
        let message = try composed(EmailContent(subject: Array("a%0D%0Ab".utf8), text: [0x61]))
        #expect(message.contains("Subject: a%0D%0Ab\r\n"))
        #expect(throws: EmailFault(reason: .controlCharacter, field: "Subject")) {
            try composed(EmailContent(subject: [0x61, 0xFF], text: [0x61]))
        }
    }

    @Test func `a fault leaves the buffer as it was`() throws {
        var bytes = Array("before".utf8)
        #expect(throws: EmailFault(reason: .controlCharacter, field: "Subject")) {
            try EmailComposer(layout: Self.layout()).append(
                EmailContent(subject: [0x0A], text: [0x61]), for: Self.recipient(), to: &bytes)
        }
        #expect(bytes == Array("before".utf8))
    }

    @Test(arguments: [
        "Subject", "FROM", "to", "Bcc", "Content-Type", "content-transfer-encoding", "MIME-Version", "Message-ID",
        "Date",
    ])
    func `structural headers are not the author's`(name: String) {
        #expect(throws: EmailFault(reason: .reservedHeader, field: name)) {
            try composed(EmailContent(subject: [0x61], text: [0x61], headers: [.init(name: name, value: "v")]))
        }
    }

    @Test func `custom headers are bounded, and an unsubscribe header of the author's own replaces ours`() throws {
        let many = (0..<16).map { EmailLayout.Header(name: "X-\($0)", value: "v") }
        #expect(throws: EmailFault(reason: .tooManyHeaders, field: "Headers")) {
            try composed(EmailContent(subject: [0x61], text: [0x61], headers: many))
        }
        #expect(throws: EmailFault(reason: .tooLong, field: "X-A")) {
            try composed(
                EmailContent(
                    subject: [0x61], text: [0x61],
                    headers: [.init(name: "X-A", value: String(repeating: "v", count: 871))]))
        }
        let message = try composed(
            EmailContent(
                subject: [0x61], text: [0x61], headers: [.init(name: "List-Unsubscribe", value: "<https://own.test/>")])
        )
        #expect(message.contains("List-Unsubscribe: <https://own.test/>\r\n"))
        #expect(!message.contains("u.test/u/tok"))
    }

    @Test func `a message without a body is refused`() {
        #expect(throws: EmailFault(reason: .emptyBody, field: "Body")) { try composed(EmailContent(subject: [0x61])) }
    }
}
