import Access
package import Core
package import HTTPClient
import Model
import Runtime

/// One of AWS's services in one region, as a provider calls it: requests signed with SigV4 (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html).
package struct AWSService: Sendable {
    package let region: String
    private let signingName: String
    private let key: KeyPair
    private let sessionToken: String?
    /// Scheme and authority, and the path before every target.
    private let origin: String
    private let host: String
    private let prefix: String
    private let timeout: Duration

    /// `url`: instead of AWS's own address, without a slash at the end.
    package init(_ signingName: String, access: AWSAccess, url: String, timeout: Duration = .seconds(30)) {
        region = access.region
        self.signingName = signingName
        key = access.key
        sessionToken = access.sessionToken
        let start = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        let slash = url[start...].firstIndex(of: "/") ?? url.endIndex
        origin = String(url[..<slash])
        host = String(url[start..<slash])
        prefix = String(url[slash...])
        self.timeout = timeout
    }

    /// Of the provider's own settings `Region`, `AccessKeyId`, `SecretAccessKey` and `SessionToken`, else of the installation's key.
    package init(_ signingName: String, endpoint: String, _ setup: ProviderSetup, _ tools: ProviderTools) throws(Fault)
    {
        let access = try Self.access(setup, tools)
        let suffix = access.region.hasPrefix("cn-") ? ".cn" : ""
        self.init(
            signingName, access: access,
            url: setup.url(or: "https://\(endpoint).\(access.region).amazonaws.com\(suffix)"),
            timeout: setup.timeout ?? .seconds(30))
    }

    package static let fields: (settings: [ProviderKind.Field], secrets: [ProviderKind.Field]) = (
        [.init("Region", check: { AWSAccess.isRegion($0) ? nil : "must be a region such as eu-central-1" })],
        [.init("AccessKeyId"), .init("SecretAccessKey"), .init("SessionToken")]
    )

    /// Half a key is a mistake, never an occasion to use another.
    private static func access(_ setup: ProviderSetup, _ tools: ProviderTools) throws(Fault) -> AWSAccess {
        let id = setup.text("AccessKeyId")
        let secret = setup.text("SecretAccessKey")
        if id == nil, secret == nil, let own = tools.aws {
            let region = setup.text("Region") ?? own.region
            return AWSAccess(region: region, key: own.key, sessionToken: own.sessionToken)
        }
        let region = try setup.required("Region")
        guard AWSAccess.isRegion(region) else {
            throw Fault(.configuration, "Region must be a region such as eu-central-1")
        }
        return AWSAccess(
            region: region,
            key: KeyPair(id: try setup.required("AccessKeyId"), secret: try setup.required("SecretAccessKey")),
            sessionToken: setup.text("SessionToken"))
    }

    /// `target`: path and query, percent-encoded.
    package func request(
        _ method: String = "POST", _ target: String, contentType: String = "application/json", body: [UInt8],
        at now: Instant
    ) -> ClientRequest {
        var headers: [(name: String, value: String)] = [("Content-Type", contentType)]
        if let sessionToken { headers.append(("X-Amz-Security-Token", sessionToken)) }
        let target = prefix + target
        headers += SigV4.sign(
            method: method, host: host, target: target, headers: headers, body: body, key: key, region: region, at: now,
            service: signingName)
        return ClientRequest(method: method, url: origin + target, headers: headers, body: body, totalTimeout: timeout)
    }
}

/// An error of AWS's JSON services: `x-amzn-ErrorType: Name:…`, or `{"__type": "ns#Name", "message": …}` with either spelling.
package struct AWSError: Sendable, Equatable {
    package let name: String
    package let message: String

    package init(_ response: ClientResponse) {
        let body = try? JSON.parse(response.body)
        let type = response.header("x-amzn-ErrorType") ?? body?["__type"]?.string ?? body?["code"]?.string ?? ""
        let local = type.split(separator: "#").last ?? ""
        name = String(local.split(separator: ":").first ?? "")
        message = body?["message"]?.string ?? body?["Message"]?.string ?? ""
    }

    package var detail: String { name.isEmpty ? message : "\(name): \(message)" }

    package var isThrottle: Bool {
        name.hasPrefix("Throttling") || name.hasPrefix("TooManyRequests") || name == "RequestLimitExceeded"
            || name == "SlowDown" || name == "ProvisionedThroughputExceededException"
    }

    /// The key is unknown, wrong, too old, or not allowed to do this.
    package var isRefusal: Bool {
        name.hasPrefix("AccessDenied") || name.hasPrefix("ExpiredToken")
            || [
                "UnrecognizedClientException", "InvalidClientTokenId", "SignatureDoesNotMatch",
                "InvalidSignatureException", "InvalidAccessKeyId", "RequestTimeTooSkewed", "MissingAuthenticationToken",
                "IncompleteSignature",
            ].contains(name)
    }
}
