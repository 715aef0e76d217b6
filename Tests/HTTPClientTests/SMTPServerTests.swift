import Core
import Testing

@testable import HTTPClient

@Suite struct SMTPServerTests {
    @Test func `a URL names host, port, credentials, EHLO name and options`() throws {
        let server = try SMTPServer(
            url: "smtp://user:p%40ss%3Aword@mail.test:587/me.test?tls=required&ca=/x/ca.pem&reuse=7")
        #expect(server.host == "mail.test" && server.port == 587 && server.tls == .required)
        #expect(server.username == "user" && server.password == "p@ss:word")
        #expect(server.localName == "me.test" && server.certificateAuthorityFile == "/x/ca.pem")
        #expect(server.messagesPerConnection == 7)
        #expect(server.name == "mail.test:587")
    }

    @Test func `TLS defaults are safe`() throws {
        #expect(try SMTPServer(url: "smtp://h").tls == .opportunistic)
        #expect(try SMTPServer(url: "smtp://h").port == 25)
        #expect(try SMTPServer(url: "smtp://u:p@h").tls == .required)
        #expect(try SMTPServer(url: "smtp://u:p@h?tls=never").tls == .never)
        #expect(try SMTPServer(url: "smtps://u:p@h").tls == .implicit)
        #expect(try SMTPServer(url: "smtps://u:p@h").port == 465)
    }

    @Test(arguments: [
        "", "http://h", "h:25", "smtp://", "smtp://h?tls=maybe", "smtp://h?tls=implicit", "smtp://h?nope=1",
        "smtp://h?reuse=0", "smtp://h/a b", "smtp://h:99999",
    ])
    func `what is wrong with a URL is said without repeating its secrets`(url: String) {
        #expect(throws: Fault.self) { try SMTPServer(url: url) }
        let fault = #expect(throws: Fault.self) { try SMTPServer(url: "smtp://user:secret@h?tls=secret") }
        #expect(fault?.publicMessage.contains("secret") == false)
    }
}
