package import Core
package import HTTPClient
import PinpointAPI
package import Runtime

/// Another process of the suite, as a client sees it: where it listens and the token that proves who asks.
package struct ServicePeer: Sendable {
    private static let timeout: Duration = .seconds(10)

    private let name: String
    private let base: String
    private let socket: String?
    private let token: String
    private let client: HTTPClient

    /// `setting` is the peer's `NEEDLETAIL_<SERVICE>_URL`: `http://host:port` or `unix:/path`.
    package init(_ setting: Setting, context: ServiceContext, client: HTTPClient) throws(Fault) {
        guard let url = context.configuration[setting] else {
            throw Fault(.configuration, "\(setting.name) must say where that process listens")
        }
        guard let token = try context.configuration.serviceToken() else {
            throw Fault(.configuration, "\(Settings.serviceTokenFile.name) must name the file with the service token")
        }
        name = setting.name
        socket = url.hasPrefix("unix:") ? String(url.dropFirst("unix:".count)) : nil
        base = socket == nil ? url : "http://localhost"
        self.token = token
        self.client = client
    }

    /// The JSON body of a 200; nil for 404. Anything else is a fault, `isRetryable` when trying again may help.
    package func get(_ path: String) async throws -> JSON? {
        let request = ClientRequest(
            method: "GET",
            url: base + path,
            headers: [("X-Needletail-Service", token)],
            unixSocketPath: socket,
            isRepeatable: true,
            totalTimeout: Self.timeout
        )
        let response: ClientResponse
        do {
            response = try await client.send(request)
        } catch {
            throw Fault(.unavailable, "the process at \(name) does not answer", isRetryable: true, cause: error)
        }
        switch response.status {
        case 200: return try JSON.parse(response.body)
        case 404: return nil
        case let status:
            let reason = (try? JSON.parse(response.body))?["Message"]?.string ?? "no reason given"
            // Only a 400 speaks about what was asked for. Everything else is the suite's trouble (a wrong token, another
            // version, an overload) and no reason to give up what was asked for.
            throw Fault(
                status == 400 ? .invalid : .unavailable,
                "the process at \(name) answered \(status): \(reason)",
                isRetryable: status != 400
            )
        }
    }
}
