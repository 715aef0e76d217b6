import Runtime
import TestKit
import Testing

@testable import HTTPClient

@Suite struct OutboundRulesTests {
    @Test(arguments: [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1",
        "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1",
        "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255",
        "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::",
        "3fff::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1", "4000::1",
    ])
    func `an address of nobody on the internet is not reached`(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(!OutboundRules.isPublic(address))
        #expect(!OutboundRules().permits(address, for: try OutboundURL("https://example.com/")))
    }

    @Test(arguments: [
        "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
        "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.1", "192.167.255.255", "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0", "223.255.255.255", "2001:4860:4860::8888", "2606:4700::1111", "::ffff:1.1.1.1",
        "64:ff9b::101:101",
    ])
    func `a public address is reached over https`(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(OutboundRules.isPublic(address))
        let rules = OutboundRules()
        #expect(rules.permits(address, for: try OutboundURL("https://example.com/")))
        #expect(rules.permits(address, for: try OutboundURL("https://example.com:8443/")))
        #expect(!rules.permits(address, for: try OutboundURL("https://example.com:22/")))
        #expect(!rules.permits(address, for: try OutboundURL("http://example.com/")))
        #expect(!rules.permits(address, for: try OutboundURL("http://example.com:443/")))
    }

    @Test func `what the operator allows is reached by any port, encrypted or not, and nothing beside it`() throws {
        let allow = try #require(OutboundAllowList("127.0.0.1/32,10.1.0.0/16, fd00::/8,Hooks.Internal"))
        let rules = OutboundRules(allow: allow)
        func permits(_ address: String, _ url: String) throws -> Bool {
            rules.permits(try #require(IPAddress(address)), for: try OutboundURL(url))
        }
        #expect(try permits("127.0.0.1", "http://whatever.example:9000/"))
        #expect(try permits("::ffff:127.0.0.1", "https://whatever.example/"))
        #expect(try !permits("127.0.0.2", "https://whatever.example/"))
        #expect(try permits("10.1.255.255", "https://a.example:9000/"))
        #expect(try !permits("10.2.0.0", "https://a.example:443/"))
        #expect(try permits("fd12::1", "http://a.example/"))
        #expect(try permits("192.168.7.7", "http://hooks.INTERNAL./x"))
        #expect(try !permits("192.168.7.7", "http://other.hooks.internal/x"))
        #expect(try !permits("192.168.7.7", "http://hooks.internal.example/x"))
    }

    @Test(arguments: [
        "", ",", "10.0.0.0/33", "10.0.0/8", "1.2.3.4/", "::/129", "a b", "*.example.com", "127.1", "10.0.0.0/-1",
    ])
    func `an allow list that cannot be meant is refused`(text: String) {
        #expect(OutboundAllowList(text) == nil)
    }

    @Test(arguments: [
        ("https://example.com", "example.com", 443), ("HTTPS://EXAMPLE.com/a?b=c#d", "example.com", 443),
        ("http://example.com:8080/", "example.com", 8080), ("https://[2001:DB8::1]:8443/x", "2001:db8::1", 8443),
        ("https://a-b_c.example/%7Ea;b=c,d?q=%20&r='(x)*!", "a-b_c.example", 443),
        ("https://2130706433/", "2130706433", 443),
    ])
    func `a URL is read as everybody reads it`(text: String, host: String, port: Int) throws {
        let url = try OutboundURL(text)
        #expect(url.host == host && url.port == port)
    }

    @Test(arguments: [
        "", "example.com", "//example.com", "ftp://example.com", "file:///etc/passwd", "gopher://x", "https://",
        "https:///path", "https://user@example.com/?secret", "https://user:pw@example.com",
        "https://a.example@b.example",
        "https://example.com\\@evil.example/", "https://exa mple.com", "https://example.com/a b",
        "https://example.com/ä",
        "https://bücher.example/", "https://example.com:0/", "https://example.com:65536/", "https://example.com:8a/",
        "https://example.com:/", "https://[::1", "https://[::1]x/", "https://[fe80::1%25eth0]/", "https://[v1.x]/",
        "https://example.com/%", "https://example.com/%2", "https://example.com/?q=%zz", "https://example.com/\u{0}",
        "https://example.com\r\nX: y", "https://.example.com/", "https://example.com/?secret=\u{7F}",
        "https://example.com/[x]?secret",
    ])
    func `a URL that two readers could take differently is refused without being repeated`(text: String) throws {
        let refusal = try #require(throws: OutboundURL.Refusal.self) { try OutboundURL(text) }
        #expect(!refusal.description.contains("secret") && !refusal.description.contains("example"))
    }

    @Test func `a URL of any length is read, but only a short one is taken`() throws {
        #expect(try OutboundURL("https://example.com/" + String(repeating: "a", count: 2028)).port == 443)
        #expect(throws: OutboundURL.Refusal.self) {
            try OutboundURL("https://example.com/" + String(repeating: "a", count: 2029))
        }
    }
}

@Suite struct CircuitBreakerTests {
    private static let second: Int64 = 1_000_000

    @Test func `it opens after failures in a row, lets one call through after a pause, and closes by a success`() {
        let breaker = CircuitBreaker(.init(opensAfter: 3, firstPause: .seconds(10), longestPause: .seconds(30)))
        for _ in 0..<2 {
            #expect(breaker.permission(at: 0) == .go)
            breaker.failed(at: 0)
        }
        breaker.succeeded()
        for _ in 0..<3 {
            #expect(breaker.permission(at: 0) == .go)
            breaker.failed(at: 0)
        }
        #expect(breaker.permission(at: 4 * Self.second) == .wait(.seconds(6)))
        #expect(breaker.permission(at: 10 * Self.second) == .go)
        #expect(breaker.permission(at: 10 * Self.second) != .go)
        breaker.succeeded()
        #expect(breaker.permission(at: 10 * Self.second) == .go)
        #expect(!breaker.isOpen)
    }

    @Test func `the pause doubles up to its bound, and a call given up lets the next one try`() {
        let breaker = CircuitBreaker(.init(opensAfter: 1, firstPause: .seconds(10), longestPause: .seconds(30)))
        var now: Int64 = 0
        for pause in [10, 20, 30, 30] {
            #expect(breaker.permission(at: now) == .go)
            breaker.failed(at: now)
            // Calls that were on their way already do not lengthen it.
            breaker.failed(at: now)
            #expect(breaker.permission(at: now) == .wait(.seconds(pause)))
            now += Int64(pause) * Self.second
        }
        #expect(breaker.permission(at: now) == .go)
        breaker.abandoned()
        #expect(breaker.permission(at: now) == .go)
    }
}
