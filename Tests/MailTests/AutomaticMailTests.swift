import Mail
import Testing

@Suite struct AutomaticMailTests {
    private func verdict(_ head: String, mailFrom: String? = "jo@x.test") -> AutomaticMail {
        AutomaticMail(ParsedMail(Array("From: Jo <jo@x.test>\n\(head)\n\nbody".utf8)).headers, mailFrom: mailFrom)
    }

    @Test(arguments: [
        "Auto-Submitted: auto-replied", "Auto-Submitted: auto-generated; x=y", "auto-submitted: AUTO-NOTIFIED (why)",
        "Precedence: bulk", "Precedence: Auto_Reply", "Precedence: list",
        "X-Auto-Response-Suppress: DR, OOF, AutoReply",
        "List-Id: <a.b>", "X-Autoreply: yes", "X-Loop: me", "Content-Type: multipart/report; report-type=x; boundary=b",
        "X-Failed-Recipients: a@b",
    ])
    func `what programs say of themselves is believed`(head: String) {
        #expect(verdict(head) == .yes)
    }

    @Test func `the null sender and daemons are programs`() {
        #expect(verdict("Subject: hi", mailFrom: "") == .yes)
        #expect(verdict("Subject: hi", mailFrom: "<>") == .yes)
        #expect(verdict("Return-Path: <>", mailFrom: nil) == .yes)
        let daemon = ParsedMail(Array("From: MAILER-DAEMON@x.test (Mail Delivery System)\n\nx".utf8)).headers
        #expect(AutomaticMail(daemon, mailFrom: "x@y.test") == .yes)
    }

    @Test(arguments: [
        "Auto-Submitted: no", "Precedence: normal", "X-Auto-Response-Suppress: None", "Subject: Re: hello",
    ])
    func `people are not`(head: String) {
        #expect(verdict(head) == .no)
    }

    @Test(arguments: [
        "Subject: Out of Office: back on Monday", "Subject: Automatische Antwort: Angebot",
        "Subject: =?utf-8?q?R=C3=A9ponse_automatique_=3A_x?=", "Subject: 自動返信: x",
    ])
    func `a subject is a hint and no more`(head: String) {
        #expect(verdict(head) == .perhaps)
    }
}
