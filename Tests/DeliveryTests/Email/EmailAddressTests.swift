import Providers
import Testing

@testable import Delivery

@Suite struct EmailAddressTests {
    @Test(arguments: [
        "a@b", "first.last+tag@sub.example.com", "o'brien@example.co.uk", "x_y-z!#$%&*/=?^`{|}~@e-x.test",
        "1@1.test", "用户@例え.test",
    ])
    func `mailboxes that exist in the world are valid`(text: String) {
        #expect(EmailAddress(text)?.rawValue == text)
    }

    @Test(arguments: [
        "", "@", "a@", "@b", "a b@c.test", "a@b c.test", "a..b@c.test", ".a@c.test", "a.@c.test", "a@-b.test",
        "a@b-.test", "a@b..test", "a@.test", "a@b.test.", "a@b@c.test", "a\r\n@b.test", "a@b.test\n", "a\u{0}@b.test",
        "<a@b.test>",
        "a,b@c.test", "\"a b\"@c.test", "a@[127.0.0.1]", "a;b@c.test", "a@b_c.test", "a\u{202E}b@c.test",
        "a@b\u{A0}.test", "a@b\u{2028}.test",
    ])
    func `everything else is not an address`(text: String) {
        #expect(EmailAddress(text) == nil)
    }

    @Test func `lengths are bounded`() {
        let label = String(repeating: "d", count: 63)
        #expect(EmailAddress(String(repeating: "a", count: 64) + "@x.test") != nil)
        #expect(EmailAddress(String(repeating: "a", count: 65) + "@x.test") == nil)
        #expect(EmailAddress("a@\(label).test") != nil)
        #expect(EmailAddress("a@d\(label).test") == nil)
        #expect(EmailAddress("a@\(label).\(label).\(label).\(label).test") == nil)
    }

    @Test func `an address never shows itself by accident`() {
        let address = EmailAddress("jane.roe@example.com")
        #expect(address.map { "\($0)" } == "j***@example.com")
        #expect(address.map { String(reflecting: $0) } == "j***@example.com")
    }

    @Test func `only addresses outside ASCII need SMTPUTF8`() {
        #expect(EmailAddress("a@b.test")?.needsSMTPUTF8 == false)
        #expect(EmailAddress("a@münchen.test")?.needsSMTPUTF8 == true)
    }

    @Test(
        arguments: [
            ("a@b.test", nil, "a@b.test"), ("<a@b.test>", nil, "a@b.test"),
            ("Aki Tanaka <a@b.test>", "Aki Tanaka", "a@b.test"),
            ("\"Roe, Jane \\\"JR\\\"\" <a@b.test>", "Roe, Jane \"JR\"", "a@b.test"),
            ("  株式会社 <a@b.test> ", "株式会社", "a@b.test"),
        ] as [(String, String?, String)])
    func `a mailbox is an address with an optional name`(text: String, name: String?, address: String) {
        let mailbox = EmailMailbox(text)
        #expect(mailbox?.name == name)
        #expect(mailbox?.address.rawValue == address)
    }

    @Test(arguments: ["", "Jane", "Jane <>", "Jane <a@b.test", "<a@b.test> Jane", "a@b.test, c@d.test"])
    func `what is no mailbox is refused`(text: String) {
        #expect(EmailMailbox(text) == nil)
    }
}
