import Mail
import Testing

@Suite struct ParsedMailTests {
    static let report = """
        From: =?utf-8?q?J=C3=B6rg?= <j@x.test>
        Subject: =?koi8-r?B?8NLJ18XU?= hi
         folded
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status; boundary="AA"

        --AA
        Content-Type: text/plain; charset=iso-8859-1
        Content-Transfer-Encoding: quoted-printable

        gr=FC=DFe
        --AA
        Content-Type: message/delivery-status
        Content-Transfer-Encoding: base64

        RmluYWwtUmVjaXBpZW50OiByZmM4MjI7IGFAYg0KQWN0aW9uOiBmYWlsZWQNClN0YXR1czogNS4xLjENCg==
        --AA
        Content-Type: message/rfc822

        From: me@x.test
        Message-ID: <abc@x.test>

        body
        --AA--
        """

    @Test func `headers and bodies are decoded, and parts know what is around them`() throws {
        let mail = ParsedMail(Array(Self.report.utf8))
        #expect(mail.headers["subject"] == "Привет hi folded")
        #expect(mail.headers["From"] == "Jörg <j@x.test>")
        #expect(
            mail.parts.map(\.type) == [
                "multipart/report", "text/plain", "message/delivery-status", "message/rfc822", "text/plain",
            ])
        #expect(mail.parts.map(\.parent) == [nil, 0, 0, 0, 3])
        #expect(mail.plainPart?.text == "grüße")
        #expect(mail.report("delivery-status")?.count == 3)
        #expect(mail.report("feedback-report") == nil)
        #expect(mail.returned?["Message-ID"] == "<abc@x.test>")
        #expect(!mail.isCut)
        let recipient = try #require(DeliveryReport(mail)?.recipients.first)
        #expect(recipient.action == .failed)
        #expect(recipient.status == "5.1.1")
        #expect(recipient.finalRecipient == "a@b")
    }

    /// Names of charsets with `текст`, `text` and the like in them, as bytes.
    @Test(
        arguments: [
            ("charset=koi8-r", [0xD4, 0xC5, 0xCB, 0xD3, 0xD4], "текст"),
            ("charset=\"windows-1251\"", [0xF2, 0xE5, 0xEA, 0xF1, 0xF2], "текст"),
            ("charset=shift_jis", [0x83, 0x65, 0x83, 0x4C], "テキ"),
            ("charset=gb18030", [0xCE, 0xC4, 0xB1, 0xBE], "文本"),
            ("charset=euc-kr", [0xB1, 0xDB], "글"),
            ("charset=utf-16le", [0x41, 0x00, 0x16, 0x04], "AЖ"),
            ("charset=utf-8", [0xC3, 0xA9], "é"),
            // Wrong, missing and unknown labels: UTF-8 if it is that, else what Windows would have meant.
            ("charset=us-ascii", [0xC3, 0xA9], "é"),
            ("charset=us-ascii", [0x80, 0xE9], "€é"),
            ("format=fixed", [0x93, 0x41, 0x94], "“A”"),
            ("charset=x-unknown-thing", [0xE9], "é"),
            ("charset=\"utf-8//TRANSLIT\"", [0xE9], "é"),
            ("charset=utf-8", [0x41, 0xFF, 0x42], "A\u{FFFD}B"),
        ] as [(String, [UInt8], String)])
    func `a body is text whatever its charset`(parameter: String, bytes: [UInt8], text: String) {
        let head = "Content-Type: text/plain; \(parameter)\nContent-Transfer-Encoding: 8bit\n\n"
        #expect(ParsedMail(Array(head.utf8) + bytes).plainPart?.text == text)
    }

    @Test func `attachments and forwarded messages are no body`() {
        let mail = ParsedMail(
            Array(
                """
                Content-Type: multipart/mixed; boundary=a

                --a
                Content-Type: text/plain
                Content-Disposition: attachment; filename=notes.txt

                a file
                --a
                Content-Type: message/rfc822

                Subject: forwarded

                not this
                --a
                Content-Type: text/plain

                this
                --a--
                """.utf8))
        #expect(mail.plainPart?.text == "this")
    }

    @Test(arguments: ["", "\n", ":", "From ", "From x\n", "Content-Type: multipart/mixed\n\n--\n", "\0\0\0", "a"])
    func `anything is a message`(text: String) {
        #expect(!ParsedMail(Array(text.utf8)).parts.isEmpty)
    }
}
