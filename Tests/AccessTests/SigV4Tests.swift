import Access
import Core
import Crypto
import HTTPServer
import PinpointAPI
import Runtime
import TestKit
import Testing

@Suite struct SigV4Tests {
    /// The refusal, or nil when the request is let in.
    private func refusal(of request: HTTPRequest, at now: Instant = SignedRequests.signedAt) -> APIError? {
        do {
            guard let claim = try SigV4.Claim.read(request, now: now) else { return AccessRefusal.missingToken }
            guard claim.keyID == SignedRequests.key.id else { return AccessRefusal.unknownKey }
            let key = SigV4.signingKey(secret: SignedRequests.key.secret, day: claim.day, region: claim.region)
            try SigV4.verify(claim, of: request, signingKey: key)
            return nil
        } catch {
            return error
        }
    }

    @Test func `the golden file holds botocore's requests`() {
        #expect(SignedRequests.all.count >= 15)
    }

    @Test(arguments: SignedRequests.all)
    func `what botocore signs is accepted`(signed: SignedRequests.Case) {
        #expect(refusal(of: signed.request) == nil)
    }

    @Test func `the signing key and signature of AWS's published example come out`() {
        let key = SigV4.signingKey(
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", day: "20150830", region: "us-east-1", service: "service"
        )
        #expect(Hex.lowercase(key) == "938127b5336810ddb6a5d6af445fcac9e371f9ed418ed386b022aed82901be75")
        let added = SigV4.sign(
            method: "GET", host: "example.amazonaws.com", target: "/",
            key: KeyPair(id: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), region: "us-east-1",
            at: SignatureTime.parse("20150830T123600Z") ?? Instant(seconds: 0), service: "service")
        let authorization = added.first { $0.name == "Authorization" }?.value ?? ""
        #expect(authorization.hasSuffix("Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"))
    }

    @Test(
        arguments: SignedRequests.all.filter {
            $0.request.headers["authorization"] != nil && $0.request.headers["x-amz-security-token"] == nil
        })
    func `our signer and botocore's agree to the letter`(signed: SignedRequests.Case) throws {
        let request = signed.request
        let claim = try #require(try SigV4.Claim.read(request, now: SignedRequests.signedAt))
        let extra = request.headers.all.filter {
            !["authorization", "host", "x-amz-date"].contains($0.name.lowercased())
        }
        let added = SigV4.sign(
            method: request.method, host: request.headers["host"] ?? "", target: request.target, headers: extra,
            body: request.body,
            key: SignedRequests.key, region: claim.region, at: SignedRequests.signedAt)
        #expect(added.first { $0.name == "Authorization" }?.value == request.headers["authorization"])
    }

    @Test(arguments: SignedRequests.all)
    func `a request with any signed byte changed is refused`(signed: SignedRequests.Case) {
        let random = SeededRandom(seed: 7)
        var tried = 0
        for mutation in RequestMutation.all(of: signed.request) {
            for position in 0..<mutation.count {
                let flip = UInt8(truncatingIfNeeded: random.next() % 255) + 1
                guard let changed = mutation.apply(position, flip), !changed.means(signed.request) else { continue }
                tried += 1
                #expect(refusal(of: changed.request) != nil, "\(mutation.name), byte \(position) ^ \(flip)")
            }
        }
        #expect(tried > 80)
    }

    @Test(
        arguments: [
            (-299, nil), (299, nil), (0, nil),
            (
                301,
                "Signature expired: 20261122T081530Z is now earlier than 20261122T081531Z (20261122T082031Z - 5 min.)"
            ),
            (
                -301,
                "Signature not yet current: 20261122T081530Z is still later than 20261122T081529Z (20261122T081029Z + 5 min.)"
            ),
        ] as [(Int, String?)])
    func `a signature counts for five minutes either way`(seconds: Int, message: String?) throws {
        let plain = try #require(SignedRequests.all.first)
        let error = refusal(of: plain.request, at: SignedRequests.signedAt + .seconds(seconds))
        #expect(error?.message == message)
        #expect(error.map { $0.code == "InvalidSignatureException" && $0.status == 403 } ?? true)
    }

    @Test(
        arguments: [(0, nil), (599, nil), (601, "ExpiredTokenException"), (-301, "InvalidSignatureException")]
            as [(Int, String?)])
    func `a presigned URL counts as long as it says`(seconds: Int, code: String?) throws {
        let presigned = try #require(SignedRequests.all.first { $0.name == "a presigned URL" })
        #expect(refusal(of: presigned.request, at: SignedRequests.signedAt + .seconds(seconds))?.code == code)
    }

    @Test func `a presigned URL does not work for anything but reading`() throws {
        var request = try #require(SignedRequests.all.first { $0.name == "a presigned URL" }).request
        for method in ["POST", "PUT", "DELETE"] {
            request.method = method
            #expect(refusal(of: request)?.status == 403)
        }
    }

    @Test(arguments: [
        ("AWS4-HMAC-SHA256", "IncompleteSignatureException"),
        ("AWS4-HMAC-SHA256 Credential=A", "IncompleteSignatureException"),
        (
            "AWS4-HMAC-SHA256 Credential=K/20261122/us-east-1/mobiletargeting/aws4_request, SignedHeaders=host;x-amz-date",
            "IncompleteSignatureException"
        ),
        ("AWS4-ECDSA-P256-SHA256 Credential=A, SignedHeaders=host, Signature=00", "IncompleteSignatureException"),
    ])
    func `an Authorization field with a part missing says which`(value: String, code: String) throws {
        var request = try #require(SignedRequests.all.first).request
        request.headers["Authorization"] = value
        #expect(refusal(of: request)?.code == code)
    }

    @Test func `another service's signature is refused`() throws {
        let added = SigV4.sign(
            method: "GET", host: "h", target: "/v1/apps", key: SignedRequests.key, region: "us-east-1",
            at: SignedRequests.signedAt,
            service: "ses")
        var headers: HTTPHeaders = ["Host": "h"]
        for (name, value) in added { headers.append(name, value) }
        let error = refusal(of: HTTPRequest(method: "GET", target: "/v1/apps", headers: headers))
        #expect(error?.message == "Credential should be scoped to correct service: 'mobiletargeting'.")
    }

    @Test(arguments: ["X-Amz-Target", "Content-Type"])
    func `a field that must be signed and is not is refused`(name: String) throws {
        var request = try #require(SignedRequests.all.first).request
        request.headers.append(name, "anything")
        #expect(refusal(of: request)?.message.contains(name.lowercased()) == true)
    }

    @Test func `a chunk-signed body is said to be unsupported`() throws {
        var headers: HTTPHeaders = ["Host": "h"]
        let added = SigV4.sign(
            method: "PUT", host: "h", target: "/v1/apps",
            headers: [("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")], key: SignedRequests.key,
            region: "us-east-1",
            at: SignedRequests.signedAt)
        for (name, value) in added { headers.append(name, value) }
        headers.append("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
        #expect(refusal(of: HTTPRequest(method: "PUT", target: "/v1/apps", headers: headers))?.status == 501)
    }

    @Test(arguments: ["20150830T123600Z", "Sun, 30 Aug 2015 12:36:00 GMT"])
    func `dates are read in both forms that clients send`(text: String) {
        let date = SignatureTime.parse(text) ?? SignatureTime.parseHTTPDate(text)
        #expect(date == ISO8601.parse("2015-08-30T12:36:00Z"))
    }
}
