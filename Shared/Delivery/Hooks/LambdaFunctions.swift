import Access
package import Core
package import HTTPClient
package import Providers

/// Invokes functions of AWS Lambda and waits for their result (Lambda's API `2015-03-31`, RequestResponse), signed with the
/// installation's key.
package struct LambdaFunctions: Sendable {
    private let client: HTTPClient
    private let access: AWSAccess?
    private let environment: Environment

    /// Without `access` every call is refused.
    package init(client: HTTPClient, access: AWSAccess?, environment: Environment) {
        self.client = client
        self.access = access
        self.environment = environment
    }

    /// The call, signed. Throws `refused` for one that cannot be made.
    func request(for name: String, _ body: [UInt8]) throws(HookFault) -> ClientRequest {
        guard let access else { throw .refused("NEEDLETAIL_AWS_ACCESS_KEY_ID is not set") }
        guard let function = LambdaFunction(name) else { throw .refused("no name or ARN of a Lambda function") }
        return signed(function, body, access)
    }

    func send(_ request: ClientRequest) async throws(ClientFault) -> ClientResponse {
        try await client.send(request)
    }

    func invoke(_ name: String, _ body: [UInt8]) async throws(HookFault) -> [UInt8] {
        let request = try request(for: name, body)
        let response: ClientResponse
        do throws(ClientFault) {
            response = try await send(request)
        } catch {
            throw HookFault(error)
        }
        guard response.status == 200 else { throw HookFault(status: response.status) }
        // The function ran and threw, or ran out of its own time: HTTP calls that a success.
        if let error = response.header("X-Amz-Function-Error") {
            throw .unavailable("the function failed: \(error.prefix(32))")
        }
        return response.body
    }

    func signed(_ function: LambdaFunction, _ body: [UInt8], _ access: AWSAccess) -> ClientRequest {
        let region = function.region ?? access.region
        let base = access.lambdaBase(in: region)
        let (host, prefix) = Self.hostAndPath(of: base)
        let target = "\(prefix)/2015-03-31/functions/\(SigV4.pathSegment(function.identifier))/invocations"
        var headers: [(name: String, value: String)] = [
            ("Content-Type", "application/json"), ("X-Amz-Invocation-Type", "RequestResponse"),
        ]
        if let token = access.sessionToken { headers.append(("X-Amz-Security-Token", token)) }
        headers += SigV4.sign(
            method: "POST", host: host, target: target, headers: headers, body: body, key: access.key, region: region,
            at: environment.realNow(), service: "lambda")
        return ClientRequest(
            method: "POST", url: "\(base.dropLast(prefix.utf8.count))\(target)", headers: headers, body: body,
            connectTimeout: NetworkHooks.connectTimeout, totalTimeout: NetworkHooks.timeout,
            responseLimitBytes: HookAnswer.limitBytes)
    }

    /// `https://host:port/path` → what a client sends as Host, and the path.
    private static func hostAndPath(of base: String) -> (host: String, path: String) {
        let rest = base.firstRange(of: "://").map { base[$0.upperBound...] } ?? base[...]
        guard let slash = rest.firstIndex(of: "/") else { return (String(rest), "") }
        return (String(rest[..<slash]), String(rest[slash...]))
    }
}
