package import HTTPClient
package import Model

/// Why one call of a hook gave no usable answer. Words are for logs: they name no person and repeat no answer.
package struct HookFault: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// No answer, or one that asks for patience: timeouts, connections, 429, 5xx, a function that threw.
        case unavailable
        /// An answer that is no map of endpoints.
        case malformed
        /// What another try would not change: an address that is not allowed, 403, 404, missing credentials.
        case refused
        case cancelled
    }

    package let kind: Kind
    package let description: String

    package static func unavailable(_ text: String) -> HookFault { HookFault(kind: .unavailable, description: text) }
    package static func malformed(_ text: String) -> HookFault { HookFault(kind: .malformed, description: text) }
    package static func refused(_ text: String) -> HookFault { HookFault(kind: .refused, description: text) }

    init(kind: Kind, description: String) {
        self.kind = kind
        self.description = description
    }

    init(_ fault: ClientFault) {
        switch fault.reason {
        case .invalidRequest, .insideTransaction, .forbidden, .responseTooLarge:
            self = .refused(fault.description)
        case .connect, .timeout, .broken, .closed:
            self = .unavailable(fault.description)
        case .cancelled:
            self.init(kind: .cancelled, description: fault.description)
        }
    }

    /// What an HTTP status other than 2xx means; redirects are not followed.
    init(status: Int) {
        switch status {
        case 408, 409, 425, 429, 500...: self = .unavailable("answered \(status)")
        case _: self = .refused("answered \(status)")
        }
    }
}

/// One call of a campaign's hook: a request's bytes to an answer's bytes, within Pinpoint's 15 seconds.
package protocol HookCaller: Sendable {
    func call(_ hook: RunHook, _ body: [UInt8]) async throws(HookFault) -> [UInt8]
}

extension RunHook {
    /// A label of metrics and logs.
    var kind: String {
        switch self {
        case .lambda: "lambda"
        case .web: "web"
        }
    }

    /// Who is asked: what the circuit breaker counts by.
    var peer: String {
        switch self {
        case .lambda(let function): "lambda \(function)"
        case .web(let url): "web \(url)"
        }
    }
}

/// Calls hooks over the network: web URLs through the guarded client, functions through AWS's API.
package struct NetworkHooks: HookCaller {
    /// Pinpoint: 15 seconds for a call.
    static let timeout: Duration = .seconds(15)
    static let connectTimeout: Duration = .seconds(5)

    private let outbound: OutboundClient
    private let lambda: LambdaFunctions

    package init(outbound: OutboundClient, lambda: LambdaFunctions) {
        self.outbound = outbound
        self.lambda = lambda
    }

    package func call(_ hook: RunHook, _ body: [UInt8]) async throws(HookFault) -> [UInt8] {
        switch hook {
        case .lambda(let function): try await lambda.invoke(function, body)
        case .web(let url): try await post(url, body)
        }
    }

    private func post(_ url: String, _ body: [UInt8]) async throws(HookFault) -> [UInt8] {
        let request = ClientRequest(
            method: "POST", url: url,
            headers: [("Content-Type", "application/json"), ("Accept", "application/json")], body: body,
            connectTimeout: Self.connectTimeout, totalTimeout: Self.timeout, responseLimitBytes: HookAnswer.limitBytes)
        let response: ClientResponse
        do throws(ClientFault) {
            response = try await outbound.send(request)
        } catch {
            throw HookFault(error)
        }
        guard (200..<300).contains(response.status) else { throw HookFault(status: response.status) }
        return response.body
    }
}
