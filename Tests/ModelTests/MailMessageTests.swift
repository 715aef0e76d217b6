import Model
import Testing

@Suite struct MailMessageTests {
    private func message(_ lines: String...) -> MailMessage {
        MailMessage(Array(lines.joined(separator: "\r\n").utf8))
    }

    @Test func `a plain message has its text and headers`() {
        let mail = message("From: a@example.com", "Subject: a long", "  line", "X: ", "", "Hello", "", "there")
        #expect(mail.text == "Hello\r\n\r\nthere")
        #expect(mail.html == nil)
        #expect(mail.header("subject") == "a long  line")
        #expect(mail.headers.map(\.name) == ["From", "Subject", "X"])
    }

    @Test func `alternatives are found in nested parts, and attachments are not taken for text`() {
        let mail = message(
            "Content-Type: multipart/mixed; boundary=\"out er\"", "", "preamble", "--out er",
            "Content-Type: text/plain", "Content-Disposition: attachment; filename=a.txt", "", "not this", "--out er",
            "content-type: MULTIPART/alternative; boundary=in", "", "--in",
            "Content-Type: text/plain; charset=iso-8859-1",
            "Content-Transfer-Encoding: quoted-printable", "", "caf=E9 a=3Db soft=", "wrapped", "--in",
            "Content-Type: text/html", "Content-Transfer-Encoding: BASE64", "", "PGI+4oKsPC9i", "Pg==", "--in--",
            "--out er--", "")
        #expect(mail.text == "café a=b softwrapped")
        #expect(mail.html == "<b>€</b>")
    }

    @Test(arguments: [
        ("=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"), ("=?utf-8?q?a_=C3=BC?= b", "a ü b"),
        ("=?UTF-8?B?R3LDvA==?= =?UTF-8?B?w59l?=", "Grüße"), ("x =?UTF-8?B?!!?= y", "x =?UTF-8?B?!!?= y"), ("=?", "=?"),
        ("a =?x", "a =?x"),
    ])
    func `encoded words are read`(value: String, expected: String) {
        #expect(message("Subject: \(value)", "", "").header("Subject") == expected)
    }

    /// Whatever the bytes are, reading ends.
    @Test func `damaged messages are read as far as they go`() {
        let whole = Array(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\nAAA=\r\n--b--\r\n"
                .utf8)
        for end in 0...whole.count { _ = MailMessage(Array(whole[..<end])) }
        for place in whole.indices {
            var damaged = whole
            damaged[place] ^= 0xA5
            _ = MailMessage(damaged)
        }
        func nested(_ depth: Int) -> MailMessage {
            let levels = (10..<10 + depth).map { "Content-Type: multipart/mixed; boundary=b\($0)\r\n\r\n--b\($0)\r\n" }
            return MailMessage(Array((levels.joined() + "\r\nend").utf8))
        }
        #expect(nested(7).text == "end")
        #expect(nested(50).text == nil)
        #expect(MailMessage([]).headers.isEmpty)
        #expect(message("", "only a body").text == "only a body")
        #expect(message("Content-Transfer-Encoding: quoted-printable", "", "a=", "b=ZZ=+5=").text == "ab=ZZ=+5=")
    }
}
