package import Core
import Crypto
package import HTTPServer
package import PinpointAPI
package import Runtime

/// AWS Signature Version 4, both sides. Checked against requests that botocore signed.
package enum SigV4 {
    /// Pinpoint's signing name.
    package static let service = "mobiletargeting"
    static let algorithm = "AWS4-HMAC-SHA256"
    /// How far a request's date may be from real time, either way.
    package static let tolerance: Duration = .seconds(300)
    /// AWS's limit for `X-Amz-Expires`.
    static let longestPresigned = 604_800

    /// What a request's signature says of itself, before anyone has checked it.
    package struct Claim: Sendable {
        package let keyID: String
        /// `YYYYMMDD`
        package let day: String
        package let region: String
        let signedHeaders: [String]
        let signedAt: Instant
        let signature: String
        let isPresigned: Bool
        /// `X-Amz-Security-Token`, under the signature as a header or in the query.
        let sessionToken: String?

        var scope: String { "\(day)/\(region)/\(SigV4.service)/aws4_request" }
    }

    /// The key that signs one day, region and service: an HMAC chain over the secret.
    package static func signingKey(secret: String, day: String, region: String, service: String = service) -> [UInt8] {
        [day, region, service, "aws4_request"].reduce(Array("AWS4\(secret)".utf8)) { key, part in
            HMACSHA256.authenticate(Array(part.utf8), key: key)
        }
    }

    /// Whether `request` bears the signature that its claim announces. Costs the same for a wrong key.
    package static func verify(_ claim: Claim, of request: HTTPRequest, signingKey: [UInt8]) throws(APIError) {
        let payloadHash = try payloadHash(of: request, isPresigned: claim.isPresigned)
        let canonical = CanonicalRequest(
            request, signedHeaders: claim.signedHeaders, payloadHash: payloadHash,
            leavingOut: claim.isPresigned ? "X-Amz-Signature" : nil)
        guard let canonical else { throw AccessRefusal.wrongSignature }
        let expected = signature(canonical, at: claim.signedAt, scope: claim.scope, key: signingKey)
        guard constantTimeEquals(expected, claim.signature) else { throw AccessRefusal.wrongSignature }
    }

    /// Text as one segment of a path, in AWS's form of percent-encoding: `:` and `/` become `%3A` and `%2F`.
    package static func pathSegment(_ text: String) -> String {
        var bytes: [UInt8] = []
        URIEncoding.append(text.utf8, keepingSlashes: false, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    static func signature(_ canonical: CanonicalRequest, at instant: Instant, scope: String, key: [UInt8]) -> String {
        let hash = Hex.lowercase(SHA256.hash(canonical.text))
        let text = "\(algorithm)\n\(SignatureTime.format(instant))\n\(scope)\n\(hash)"
        return Hex.lowercase(HMACSHA256.authenticate(Array(text.utf8), key: key))
    }

    /// Always computed from the body received; a hash that the client sent must agree.
    private static func payloadHash(of request: HTTPRequest, isPresigned: Bool) throws(APIError) -> String {
        let computed = Hex.lowercase(SHA256.hash(request.body))
        guard let announced = request.headers["x-amz-content-sha256"] else { return computed }
        if announced == "UNSIGNED-PAYLOAD", isPresigned, request.method == "GET" { return announced }
        if announced.hasPrefix("STREAMING-") { throw AccessRefusal.streamingPayload }
        guard announced == computed else { throw AccessRefusal.wrongSignature }
        return computed
    }

    /// Signs a request of ours. Returns the fields to add: `X-Amz-Date`, `Authorization`, and the token's when there is one.
    ///
    /// `headers` are those to be signed beside `Host` (give `Content-Type` here); `target` is path and query exactly as they
    /// will be sent, already percent-encoded.
    package static func sign(
        method: String,
        host: String,
        target: String,
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = [],
        key: KeyPair,
        region: String,
        at instant: Instant,
        service: String = service
    ) -> [(name: String, value: String)] {
        let time = SignatureTime.format(instant)
        var signed: HTTPHeaders = ["host": host, "x-amz-date": time]
        for (name, value) in headers { signed.append(name, value) }
        let request = HTTPRequest(method: method, target: target, headers: signed, body: body)
        let names = Set(signed.all.map { $0.name.lowercased() }).sorted()
        let day = String(time.prefix(8))
        let scope = "\(day)/\(region)/\(service)/aws4_request"
        guard
            let canonical = CanonicalRequest(
                request, signedHeaders: names, payloadHash: Hex.lowercase(SHA256.hash(body)))
        else { return [] }
        let signingKey = signingKey(secret: key.secret, day: day, region: region, service: service)
        let signature = signature(canonical, at: instant, scope: scope, key: signingKey)
        let list = names.joined(separator: ";")
        return [
            ("X-Amz-Date", time),
            (
                "Authorization",
                "\(algorithm) Credential=\(key.id)/\(scope), SignedHeaders=\(list), Signature=\(signature)"
            ),
        ]
    }
}
