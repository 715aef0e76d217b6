import Testing

@testable import HTTPServer

@Suite struct RouterTests {
    private let router: Router<String>

    init() {
        var router = Router<String>()
        for (method, template) in [
            ("GET", "/"), ("GET", "/v1/apps"), ("POST", "/v1/apps"), ("GET", "/v1/apps/{app}"),
            ("GET", "/v1/apps/{app}/endpoints/{endpoint}"), ("PUT", "/v1/apps/{app}/endpoints"),
            ("GET", "/v1/apps/special"), ("GET", "/v1/apps/{app}/kpis/daterange/{kpi}"),
            ("DELETE", "/v1/apps/special/endpoints/x"), ("GET", "/t/{name}/~email"), ("GET", "/t/{name}/~sms"),
            ("GET", "/t/{name}/Sms"), ("GET", "/t/{name}/{type}"),
        ] {
            router.add(method, template, "\(method) \(template)")
        }
        self.router = router
    }

    private func describe(_ method: String, _ path: String) -> String {
        switch router.match(method, path) {
        case .found(let value, let parameters):
            parameters.all.reduce(into: value) { $0 += " \($1.name)=\($1.value)" }
        case .methodNotAllowed(let allowed): "405 \(allowed.joined(separator: ","))"
        case .badParameter(let name): "bad \(name)"
        case .notFound: "404"
        }
    }

    @Test(arguments: [
        ("GET", "/", "GET /"),
        ("GET", "/v1/apps", "GET /v1/apps"),
        ("HEAD", "/v1/apps", "GET /v1/apps"),
        ("DELETE", "/v1/apps", "405 GET,HEAD,POST"),
        ("GET", "/v1/apps/a", "GET /v1/apps/{app} app=a"),
        ("GET", "/v1/apps/special", "GET /v1/apps/special"),
        ("GET", "/v1/apps/special/endpoints/x", "GET /v1/apps/{app}/endpoints/{endpoint} app=special endpoint=x"),
        ("POST", "/v1/apps/special/endpoints/x", "405 DELETE,GET,HEAD"),
        ("GET", "/v1/apps/a/endpoints/b%2Fkpis%2Fc", "GET /v1/apps/{app}/endpoints/{endpoint} app=a endpoint=b/kpis/c"),
        ("GET", "/v1/apps/a/endpoints/%E2%82%AC+%2e", "GET /v1/apps/{app}/endpoints/{endpoint} app=a endpoint=€+."),
        ("GET", "/v1/apps/a/endpoints/..", "GET /v1/apps/{app}/endpoints/{endpoint} app=a endpoint=.."),
        ("GET", "/v1/apps/a/endpoints/%2", "bad endpoint"),
        ("GET", "/v1/apps/a/endpoints/%zz", "bad endpoint"),
        ("GET", "/v1/apps/a/endpoints/%00", "bad endpoint"),
        ("GET", "/v1/apps/%FF/endpoints/b", "bad app"),
        ("GET", "/v1/apps/a/endpoints/%C0%AF", "bad endpoint"),
        ("GET", "/t/a/email", "GET /t/{name}/~email name=a"),
        ("GET", "/t/a/EMail", "GET /t/{name}/~email name=a"),
        ("GET", "/t/a/Sms", "GET /t/{name}/Sms name=a"),
        ("GET", "/t/a/sMS", "GET /t/{name}/~sms name=a"),
        ("GET", "/t/a/fax", "GET /t/{name}/{type} name=a type=fax"),
        ("PUT", "/t/a/EMAIL", "405 GET,HEAD"),
        ("GET", "/v1/apps/", "404"),
        ("GET", "/v1/apps//endpoints/b", "404"),
        ("GET", "/v1/%61pps", "404"),
        ("GET", "/v1", "404"),
        ("GET", "/v1/apps/a/endpoints", "405 PUT"),
        ("GET", "/v1/apps/a/endpoints/b/c", "404"),
        ("OPTIONS", "*", "404"),
        ("GET", "", "404"),
    ])
    func `a path leads to its route`(method: String, path: String, wanted: String) {
        #expect(describe(method, path) == wanted)
    }

    @Test func `a query is decoded by pairs, and plus stays plus`() throws {
        let request = HTTPRequest(method: "GET", target: "/a/b%2Fc/?x=1%202+3&y&=z&x=%C3%A9&&w=a=b")
        let items = try #require(request.queryItems)
        #expect(items.map { "\($0.name)=\($0.value)" } == ["x=1 2+3", "y=", "=z", "x=é", "w=a=b"])
        #expect(request.rawSegments == ["a", "b%2Fc", ""])
        for query in ["%", "a=%f", "a=%GG", "%00", "a=%FF"] {
            #expect(HTTPRequest(method: "GET", target: "/?\(query)").queryItems == nil, "\(query)")
        }
    }

    @Test(arguments: [
        ("/a?b", "/a", "b"), ("/a", "/a", ""), ("/?", "/", ""), ("/a?b?c", "/a", "b?c"), ("http://h/a?b", "/a", "b"),
        ("http://h", "/", ""), ("http://h?b", "/", "b"), ("HTTPS://h:1/a", "/a", ""), ("*", "*", ""),
        ("/a://b/c", "/a://b/c", ""),
    ])
    func `a target has a path and a query`(target: String, path: String, query: String) {
        let request = HTTPRequest(method: "GET", target: target)
        #expect(request.rawPath == path)
        #expect(request.rawQuery == query)
    }

    @Test func `headers keep their order and ignore case`() {
        var headers: HTTPHeaders = ["X-A": "1", "b": "2", "x-a": "3"]
        #expect(headers["x-A"] == "1")
        #expect(headers.values(for: "X-a") == ["1", "3"])
        headers["X-A"] = "4"
        #expect(headers.all.map { "\($0.name)=\($0.value)" } == ["b=2", "X-A=4"])
        headers["b"] = nil
        #expect(headers.count == 1 && !headers.contains("B"))
        headers.append("Na me:", "a\r\nSet-Cookie: b\0")
        #expect(headers.all.map { "\($0.name)=\($0.value)" } == ["X-A=4", "Name=a  Set-Cookie: b "])
    }

    @Test func `listen addresses are read and written`() {
        #expect(ListenAddress("unix:/a/b") == .unix("/a/b"))
        #expect(ListenAddress("127.0.0.1:80") == .tcp(host: "127.0.0.1", port: 80))
        #expect(ListenAddress("localhost:0") == .tcp(host: "127.0.0.1", port: 0))
        #expect(ListenAddress("[::1]:80")?.description == "[::1]:80")
        for text in ["", "unix:a", "80", ":80", "::1:80", "a:", "a:65536", "[]:1"] {
            #expect(ListenAddress(text) == nil, "\(text)")
        }
    }
}
