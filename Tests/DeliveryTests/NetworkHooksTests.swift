import Core
import HTTPClient
import Model
import Providers
import Runtime
import TestKit
import Testing

@testable import Delivery

/// Hooks over real connections: a TLS receiver, and Lambda's Invoke behind botocore's signature.
@Suite(.timeLimit(.minutes(1))) struct NetworkHooksTests {
    private static let body = HookPayload(plan: HookFilterTests.plan, cause: HookFilterTests.cause).body(
        HookFilterTests.people(6))

    private func with<Value: Sendable>(
        access: @escaping @Sendable (HookPeer) -> AWSAccess? = { peer in
            AWSAccess(
                region: "eu-north-1", key: KeyPair(id: HookPeer.key.id, secret: HookPeer.key.secret),
                sessionToken: HookPeer.sessionToken, lambdaURL: "http://127.0.0.1:\(peer.plainPort)/")
        },
        _ body: @escaping @Sendable (NetworkHooks, HookPeer) async throws -> Value
    ) async throws -> Value {
        let peer = try await HookPeer.start()
        return try await TestLoop.run { _ in
            let environment = TestEnvironment.make()
            let client = HTTPClient(environment: environment, metrics: Metrics())
            let allow = try #require(OutboundAllowList("127.0.0.1/32"))
            let outbound = OutboundClient(
                rules: OutboundRules(allow: allow, certificateAuthorityFile: peer.certificateAuthorityFile),
                environment: environment, metrics: Metrics())
            let hooks = NetworkHooks(
                outbound: outbound,
                lambda: LambdaFunctions(client: client, access: access(peer), environment: environment))
            let value = try await body(hooks, peer)
            client.close()
            outbound.close()
            return value
        }
    }

    private func fault(_ hooks: NetworkHooks, _ hook: RunHook) async -> HookFault.Kind? {
        do throws(HookFault) {
            let answer = try await hooks.call(hook, Self.body)
            Issue.record("answered \(answer.count) bytes")
            return nil
        } catch {
            return error.kind
        }
    }

    @Test func `a web hook gets the call and its answer is read`() async throws {
        try await with { hooks, peer in
            let answer = try await hooks.call(.web(url: "https://127.0.0.1:\(peer.port)/filter"), Self.body)
            let found = try HookAnswer.verdicts(answer, about: HookFilterTests.people(6))
            #expect(found[3] == .filtered && found[6] == .filtered)
            guard case .pass(let changes) = found[1] else {
                Issue.record("\(String(describing: found[1]))")
                return
            }
            #expect(String(decoding: changes.attributes ?? [], as: UTF8.self).contains("2 & more for e1"))
            let call = try #require(try peer.calls().first)
            #expect(call["headers"]?["Content-Type"]?.string == "application/json")
            #expect(call["body"]?.string.map { Array($0.utf8) } == Self.body)
        }
    }

    @Test(arguments: [
        ("error", HookFault.Kind.unavailable), ("huge", .refused), ("redirect", .refused), ("malformed", nil),
    ])
    func `a web hook that does not answer as it should`(path: String, kind: HookFault.Kind?) async throws {
        try await with { hooks, peer in
            let hook = RunHook.web(url: "https://127.0.0.1:\(peer.port)/\(path)")
            if let kind {
                #expect(await fault(hooks, hook) == kind)
            } else {
                let answer = try await hooks.call(hook, Self.body)
                #expect(throws: HookFault.self) {
                    try HookAnswer.verdicts(answer, about: HookFilterTests.people(6))
                }
            }
            #expect(try !peer.calls().contains { $0["path"]?.string == "/echo" })
        }
    }

    @Test func `a hook inside the operator's own network is refused`() async throws {
        try await with { hooks, peer in
            #expect(await fault(hooks, .web(url: "https://localhost.example.:1/")) != nil)
            #expect(await fault(hooks, .web(url: "https://127.0.0.2:\(peer.port)/filter")) == .refused)
            #expect(await fault(hooks, .web(url: "https://169.254.169.254/latest/meta-data/")) == .refused)
        }
    }

    @Test(arguments: [
        "filter", "filter:live", "filter:$LATEST", "arn:aws:lambda:ap-southeast-2:123456789012:function:filter",
        "arn:aws:lambda:us-east-1:123456789012:function:filter:live",
    ])
    func `botocore makes the same signature for a call of a function`(name: String) async throws {
        try await with { hooks, _ in
            let answer = try await hooks.call(.lambda(name), Self.body)
            let found = try HookAnswer.verdicts(answer, about: HookFilterTests.people(6))
            #expect(found[3] == .filtered && found.count == 6)
        }
    }

    @Test(arguments: [
        ("throws", HookFault.Kind.unavailable), ("missing", .refused), ("a/b", .refused), ("", .refused),
        ("arn:aws:sns:us-east-1:123456789012:function:filter", .refused),
        ("arn:aws:lambda:evil.example/:123456789012:function:filter", .refused),
    ])
    func `a function that throws, is not there or cannot be named`(name: String, kind: HookFault.Kind) async throws {
        try await with { hooks, _ in
            #expect(await fault(hooks, .lambda(name)) == kind)
        }
    }

    @Test func `a wrong secret and no key at all are refused`() async throws {
        try await with(access: { peer in
            AWSAccess(
                region: "eu-north-1", key: KeyPair(id: HookPeer.key.id, secret: "another secret of some length"),
                sessionToken: HookPeer.sessionToken, lambdaURL: "http://127.0.0.1:\(peer.plainPort)")
        }) { hooks, _ in
            #expect(await fault(hooks, .lambda("filter")) == .refused)
        }
        try await with(access: { _ in nil }) { hooks, _ in
            #expect(await fault(hooks, .lambda("filter")) == .refused)
        }
    }

    @Test func `calls go to the region of the function, and to AWS's own hosts`() throws {
        let access = AWSAccess(region: "eu-north-1", key: KeyPair(id: "A", secret: "B"))
        let functions = LambdaFunctions(
            client: HTTPClient(environment: TestEnvironment.make(), metrics: Metrics()), access: access,
            environment: TestEnvironment.make())
        func url(_ name: String) throws -> String {
            functions.signed(try #require(LambdaFunction(name)), [], access).url
        }
        #expect(
            try url("f") == "https://lambda.eu-north-1.amazonaws.com/2015-03-31/functions/f/invocations")
        #expect(
            try url("arn:aws-cn:lambda:cn-north-1:123456789012:function:f")
                == "https://lambda.cn-north-1.amazonaws.com.cn/2015-03-31/functions/"
                + "arn%3Aaws-cn%3Alambda%3Acn-north-1%3A123456789012%3Afunction%3Af/invocations")
    }

    @Test func `half a key and a region that is none end the process at its start`() throws {
        func access(_ more: [String: String]) throws -> AWSAccess? {
            try AWSAccess.of(try Configuration(environment: more))
        }
        #expect(try access([:]) == nil)
        #expect(throws: Fault.self) { try access(["NEEDLETAIL_AWS_ACCESS_KEY_ID": "AKIA"]) }
        #expect(throws: Fault.self) { try access(["NEEDLETAIL_AWS_SECRET_ACCESS_KEY": "x"]) }
        let both = ["NEEDLETAIL_AWS_ACCESS_KEY_ID": "AKIA", "NEEDLETAIL_AWS_SECRET_ACCESS_KEY": "x"]
        #expect(try access(both)?.region == "us-east-1")
        #expect(throws: Fault.self) { try access(both.merging(["NEEDLETAIL_AWS_REGION": "a.b"]) { $1 }) }
    }
}
