package import Core
package import HTTPServer
package import PinpointAPI

/// Reading what a request says of its own signature: strict, before any key is looked up.
extension SigV4.Claim {
    private static let sessionTokenName = "x-amz-security-token"

    /// Nil when the request bears no SigV4 signature at all. `now` is real time. `takesBeacons`: a POST may be signed in its
    /// query, because `navigator.sendBeacon` sets no header.
    package static func read(
        _ request: HTTPRequest, now: Instant, takesBeacons: Bool = false
    ) throws(APIError) -> SigV4.Claim? {
        if let authorization = request.headers["authorization"] {
            guard authorization.hasPrefix("AWS4-") else { return nil }
            guard request.headers.values(for: "authorization").count == 1 else {
                throw AccessRefusal.incomplete("There is more than one Authorization header.")
            }
            return try fromHeader(authorization, request, now: now)
        }
        guard request.rawQuery.contains("X-Amz-Algorithm=") else { return nil }
        return try fromQuery(request, now: now, takesBeacons: takesBeacons)
    }

    private static func fromHeader(_ authorization: String, _ request: HTTPRequest, now: Instant) throws(APIError)
        -> SigV4.Claim
    {
        let parts = try parameters(authorization)
        guard let credential = parts["Credential"] else { throw missing("Credential") }
        guard let signedHeaders = parts["SignedHeaders"] else { throw missing("SignedHeaders") }
        guard let signature = parts["Signature"] else { throw missing("Signature") }
        let signedAt = try date(of: request)
        let claim = try SigV4.Claim(
            credential: credential, signedHeaders: signedHeaders, signature: signature, signedAt: signedAt,
            isPresigned: false, sessionToken: request.headers[sessionTokenName])
        try claim.checkCoverage(of: request)
        guard signedAt >= now - SigV4.tolerance else {
            throw AccessRefusal.expired(signedAt, now: now, tolerance: SigV4.tolerance)
        }
        try claim.checkNotInFuture(now)
        return claim
    }

    private static func fromQuery(
        _ request: HTTPRequest, now: Instant, takesBeacons: Bool
    ) throws(APIError) -> SigV4.Claim {
        let isBeacon = takesBeacons && request.method == "POST"
        guard request.method == "GET" || request.method == "HEAD" || isBeacon else {
            throw AccessRefusal.incomplete(
                "Presigned URLs are for GET only; sign this request in its Authorization header.")
        }
        guard let items = request.queryItems else {
            throw AccessRefusal.incomplete("The query is not valid percent-encoding.")
        }
        func item(_ name: String) throws(APIError) -> String {
            let values = items.filter { $0.name == name }
            guard values.count == 1 else {
                throw AccessRefusal.incomplete("AWS query-string parameters must include '\(name)' once.")
            }
            return values[0].value
        }
        guard try item("X-Amz-Algorithm") == SigV4.algorithm else { throw unsupportedAlgorithm }
        guard let signedAt = SignatureTime.parse(try item("X-Amz-Date")) else { throw badDate }
        let lifetime: Duration
        if isBeacon {
            // Amplify leaves X-Amz-Expires out. Whatever it says, what writes can be repeated no longer than by header.
            lifetime = SigV4.tolerance
        } else {
            guard let seconds = Int(try item("X-Amz-Expires")), (1...SigV4.longestPresigned).contains(seconds) else {
                throw AccessRefusal.incomplete("X-Amz-Expires must be from 1 to \(SigV4.longestPresigned) seconds.")
            }
            lifetime = .seconds(seconds)
        }
        let tokens = items.filter { $0.name.lowercased() == sessionTokenName }
        guard tokens.count <= 1 else { throw AccessRefusal.incomplete("There is more than one X-Amz-Security-Token.") }
        let claim = try SigV4.Claim(
            credential: try item("X-Amz-Credential"), signedHeaders: try item("X-Amz-SignedHeaders"),
            signature: try item("X-Amz-Signature"), signedAt: signedAt, isPresigned: true,
            sessionToken: tokens.first?.value)
        try claim.checkCoverage(of: request)
        guard now <= signedAt + lifetime else { throw AccessRefusal.expiredURL }
        try claim.checkNotInFuture(now)
        return claim
    }

    private init(
        credential: String, signedHeaders: String, signature: String, signedAt: Instant, isPresigned: Bool,
        sessionToken: String?
    ) throws(APIError) {
        let parts = credential.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5, !parts[0].isEmpty, parts[0].utf8.count <= 128, !parts[2].isEmpty else {
            throw AccessRefusal.incomplete(
                "Credential must be a key id and a scope: KEY/YYYYMMDD/REGION/\(SigV4.service)/aws4_request.")
        }
        guard parts[3] == SigV4.service else {
            throw AccessRefusal.wrongScope("Credential should be scoped to correct service: '\(SigV4.service)'.")
        }
        guard parts[4] == "aws4_request" else {
            throw AccessRefusal.wrongScope("Credential should be scoped with a valid terminator: 'aws4_request'.")
        }
        guard Self.isRegion(parts[2]) else {
            throw AccessRefusal.wrongScope("Credential should be scoped to a valid region.")
        }
        let time = SignatureTime.format(signedAt)
        guard parts[1] == time.prefix(8) else {
            throw AccessRefusal.wrongScope(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '\(parts[1].prefix(16))' != "
                    + "'\(time.prefix(8))', from '\(time)'.")
        }
        let names = signedHeaders.split(separator: ";", omittingEmptySubsequences: false).map(String.init)
        let isOrdered = zip(names, names.dropFirst()).allSatisfy { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        guard isOrdered, names.allSatisfy({ !$0.isEmpty && $0 == $0.lowercased() }), names.count <= 100 else {
            throw AccessRefusal.incomplete(
                "SignedHeaders must be lower-case names, sorted, each once, separated by semicolons.")
        }
        guard signature.utf8.count == 64 else { throw AccessRefusal.wrongSignature }
        keyID = parts[0]
        day = parts[1]
        region = parts[2]
        self.signedHeaders = names
        self.signedAt = signedAt
        self.signature = signature
        self.isPresigned = isPresigned
        self.sessionToken = sessionToken
    }

    /// Regions end up in ARNs: letters, digits and dashes only.
    private static func isRegion(_ text: String) -> Bool {
        text.utf8.count <= 32
            && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    }

    /// `host`, `content-type` when sent, and every `x-amz-*` must be under the signature.
    private func checkCoverage(of request: HTTPRequest) throws(APIError) {
        var needed: [String] = ["host"]
        for (name, _) in request.headers.all {
            let lower = name.lowercased()
            if lower.hasPrefix("x-amz-") || lower == "content-type" && !isPresigned { needed.append(lower) }
        }
        for name in needed where !signedHeaders.contains(name) {
            throw AccessRefusal.wrongScope("'\(name.prefix(64))' must be a 'SignedHeader' in the AWS Authorization.")
        }
    }

    private func checkNotInFuture(_ now: Instant) throws(APIError) {
        guard signedAt <= now + SigV4.tolerance else {
            throw AccessRefusal.notYetCurrent(signedAt, now: now, tolerance: SigV4.tolerance)
        }
    }

    private static func parameters(_ authorization: String) throws(APIError) -> [String: String] {
        guard let space = authorization.firstIndex(of: " ") else { throw missing("Credential") }
        guard authorization[..<space] == SigV4.algorithm else { throw unsupportedAlgorithm }
        var parameters: [String: String] = [:]
        for part in authorization[space...].split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.drop { $0 == " " }
            guard let equals = pair.firstIndex(of: "=") else {
                throw AccessRefusal.incomplete("The Authorization header must be key=value pairs separated by commas.")
            }
            let name = String(pair[..<equals])
            guard ["Credential", "SignedHeaders", "Signature"].contains(name), parameters[name] == nil else {
                throw AccessRefusal.incomplete(
                    "The Authorization header takes Credential, SignedHeaders and Signature, each once.")
            }
            parameters[name] = String(pair[pair.index(after: equals)...])
        }
        return parameters
    }

    private static func date(of request: HTTPRequest) throws(APIError) -> Instant {
        if let text = request.headers["x-amz-date"] {
            guard let date = SignatureTime.parse(text) else { throw badDate }
            return date
        }
        guard let text = request.headers["date"] else {
            throw AccessRefusal.incomplete(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
        }
        guard let date = SignatureTime.parse(text) ?? SignatureTime.parseHTTPDate(text) else { throw badDate }
        return date
    }

    private static func missing(_ name: String) -> APIError {
        AccessRefusal.incomplete("Authorization header requires '\(name)' parameter.")
    }

    private static var badDate: APIError {
        AccessRefusal.incomplete("Date must be in ISO-8601 'basic format', such as 20150830T123600Z.")
    }

    private static var unsupportedAlgorithm: APIError {
        AccessRefusal.incomplete("The signature algorithm must be \(SigV4.algorithm).")
    }
}
