package import Core
package import Runtime

/// With which key this installation calls AWS's own services, and where.
package struct AWSAccess: Sendable {
    package let region: String
    package let key: KeyPair
    package let sessionToken: String?
    /// Without a slash at the end; nil for AWS's own.
    let lambdaURL: String?
    /// As `lambdaURL`.
    let snsURL: String?

    package init(
        region: String, key: KeyPair, sessionToken: String? = nil, lambdaURL: String? = nil, snsURL: String? = nil
    ) {
        self.region = region
        self.key = key
        self.sessionToken = sessionToken
        self.lambdaURL = lambdaURL.map(Self.withoutSlash)
        self.snsURL = snsURL.map(Self.withoutSlash)
    }

    private static func withoutSlash(_ url: String) -> String {
        var url = url
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }

    /// Nil when no key is given. Throws `configuration` for half a key and a region that cannot be one.
    package static func of(_ configuration: Configuration) throws(Fault) -> AWSAccess? {
        let id = configuration[Settings.awsAccessKeyID]
        let secret = configuration[Settings.awsSecretAccessKey]
        if id == nil, secret == nil { return nil }
        guard let id, let secret else {
            throw Fault(
                .configuration,
                "NEEDLETAIL_AWS_ACCESS_KEY_ID and NEEDLETAIL_AWS_SECRET_ACCESS_KEY must be given together")
        }
        let region = configuration[Settings.awsRegion] ?? ""
        guard Self.isRegion(region) else {
            throw Fault(.configuration, "NEEDLETAIL_AWS_REGION must be a region such as eu-central-1")
        }
        return AWSAccess(
            region: region, key: KeyPair(id: id, secret: secret), sessionToken: configuration[Settings.awsSessionToken],
            lambdaURL: configuration[Settings.awsLambdaURL], snsURL: configuration[Settings.awsSNSURL])
    }

    /// Scheme and authority of Lambda in a region.
    package func lambdaBase(in region: String) -> String {
        if let lambdaURL { return lambdaURL }
        return "https://lambda.\(region).amazonaws.com\(region.hasPrefix("cn-") ? ".cn" : "")"
    }

    /// Scheme and authority of SNS in a region.
    package func snsBase(in region: String) -> String {
        snsURL ?? "https://sns.\(region).amazonaws.com\(region.hasPrefix("cn-") ? ".cn" : "")"
    }

    /// `eu-central-1`
    package static func isRegion(_ text: some StringProtocol) -> Bool {
        (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    }
}
