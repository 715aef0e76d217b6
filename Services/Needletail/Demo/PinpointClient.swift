import Access
import Core
import EventLoop
import HTTPClient
import Runtime

/// What any Pinpoint client does: JSON over HTTP, signed with SigV4, a retry when it is told to slow down.
struct PinpointClient: Sendable {
    /// `http://127.0.0.1:8080`, without a slash at the end.
    let url: String
    private let host: String
    private let key: KeyPair
    private let region: String
    private let http: HTTPClient
    private let environment: Environment
    private let loop: EventLoop

    /// Requests in flight at a time: enough to keep the services busy, not enough to queue.
    static let width = 12
    private static let answerLimitBytes = 8 << 20
    private static let tries = 8
    private static let firstPause: Duration = .milliseconds(20)

    init(url: String, key: KeyPair, region: String, environment: Environment, loop: EventLoop) throws(Fault) {
        let parts = url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].isEmpty, let host = parts[2].split(separator: "/").first else {
            throw Fault(.configuration, "\(url) is not the URL of a suite")
        }
        self.url = "\(parts[0])//\(host)"
        self.host = String(host)
        self.key = key
        self.region = region
        self.environment = environment
        self.loop = loop
        http = HTTPClient(environment: environment, metrics: Metrics(), connectionsPerHost: Self.width)
    }

    func close() {
        http.close()
    }

    func pause(_ duration: Duration) async throws {
        try await loop.sleep(for: duration)
    }

    // MARK: Signed

    /// The answer's JSON; a fault with the service's own words for anything but 2xx.
    func call(_ method: String, _ target: String, _ body: JSON? = nil) async throws -> JSON {
        try Self.json(try await answer(method, target, body?.serialized ?? []), "\(method) \(target)")
    }

    /// The same with a body that is written already.
    func call(_ method: String, _ target: String, bytes: [UInt8]) async throws -> JSON {
        try Self.json(try await answer(method, target, bytes), "\(method) \(target)")
    }

    /// False for 404.
    func exists(_ target: String) async throws -> Bool {
        let answer = try await answer("GET", target, [])
        if answer.status == 404 { return false }
        _ = try Self.json(answer, "GET \(target)")
        return true
    }

    /// Every item of a list that pages by `page-size` and `token`.
    func items(_ target: String) async throws -> [JSON] {
        var items: [JSON] = []
        var token: String?
        repeat {
            let page = try await call("GET", "\(target)?page-size=200" + (token.map { "&token=\($0)" } ?? ""))
            items += page["Item"]?.array ?? []
            token = page["NextToken"]?.string
        } while token != nil
        return items
    }

    /// Not inlined: with this in its callers, Swift 6.3's optimizer crashes while it splits them (CoroSplit).
    @inline(never)
    private func answer(_ method: String, _ target: String, _ body: [UInt8]) async throws -> ClientResponse {
        var pause = Self.firstPause
        var answer = try await http.send(signed(method, target, body))
        for _ in 1..<Self.tries where answer.status == 429 {
            try await loop.sleep(for: pause)
            pause *= 2
            answer = try await http.send(signed(method, target, body))
        }
        return answer
    }

    private func signed(_ method: String, _ target: String, _ body: [UInt8]) -> ClientRequest {
        let headers = body.isEmpty ? [] : [(name: "Content-Type", value: "application/json")]
        let signature = SigV4.sign(
            method: method,
            host: host,
            target: target,
            headers: headers,
            body: body,
            key: key,
            region: region,
            at: environment.realNow()
        )
        return ClientRequest(
            method: method,
            url: url + target,
            headers: headers + signature,
            body: body,
            responseLimitBytes: Self.answerLimitBytes
        )
    }

    // MARK: Unsigned

    /// As a mail program or a browser asks.
    func open(_ method: String, _ url: String, form: String? = nil) async throws -> ClientResponse {
        try await http.send(
            ClientRequest(
                method: method,
                url: url,
                headers: form == nil ? [] : [("Content-Type", "application/x-www-form-urlencoded")],
                body: Array((form ?? "").utf8),
                responseLimitBytes: Self.answerLimitBytes
            )
        )
    }

    static func json(_ answer: ClientResponse, _ what: String) throws -> JSON {
        let json = try? JSON.parse(answer.body)
        guard (200...299).contains(answer.status) else {
            let message = json?["Message"]?.string ?? String(decoding: answer.body.prefix(200), as: UTF8.self)
            throw Fault(.unavailable, "\(what) answered \(answer.status): \(message)")
        }
        guard let json else { throw Fault(.unavailable, "\(what) did not answer JSON") }
        return json
    }
}
