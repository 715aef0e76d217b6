package import Core
import Crypto
import EventLoop
package import HTTPClient
import Model

/// Believes SNS: the topic is one that the operator registered, the certificate is SNS's own of the topic's region, the signature is
/// right, the message is young. Confirms subscriptions of registered topics; anybody can point a validly signed topic of theirs at us.
package struct SNSReceiver: Sendable {
    package static let settings: [ProviderKind.Field] = [
        // A list, or separated by commas.
        .init("Topics", check: { topics($0).isEmpty ? "must be ARNs of SNS topics, separated by commas" : nil }),
        // An SNS that is not AWS's: the addresses of its certificates and confirmations begin with it.
        .init("SnsUrl", check: { URLForm.complaint($0) }),
    ]
    /// SNS tries for an hour at most.
    private static let tolerance: Duration = .seconds(3600)

    package typealias Fetch = @Sendable (_ url: String) async throws(ClientFault) -> ClientResponse

    private let topics: Set<String>
    private let base: String?
    private let certificates: SNSCertificates
    private let fetch: Fetch

    package init(topics: Set<String>, base: String?, certificates: SNSCertificates, fetch: @escaping Fetch) {
        self.topics = topics
        self.base = base
        self.certificates = certificates
        self.fetch = fetch
    }

    package init(_ setup: ProviderSetup, _ tools: ProviderTools) throws(Fault) {
        let client = tools.client
        self.init(
            topics: Set(setup.provider.settings["Topics"]?.array?.compactMap(\.string) ?? [])
                .union(Self.topics(setup.text("Topics") ?? "")), base: setup.text("SnsUrl"),
            certificates: tools.certificates,
            fetch: { (url) async throws(ClientFault) -> ClientResponse in
                try await client.send(ClientRequest(url: url, totalTimeout: .seconds(10)))
            })
    }

    private static func topics(_ text: String) -> Set<String> {
        Set(text.split { $0 == "," || $0 == " " }.map(String.init).filter { $0.hasPrefix("arn:") })
    }

    package func verify(_ call: InboundCall) async throws(InboundRefusal) {
        if call.header("x-amz-sns-rawdelivery")?.lowercased() == "true" {
            throw .untrusted("raw delivery carries no signature: turn it off for the subscription")
        }
        let envelope = try SNSEnvelope(call.body)
        guard topics.contains(envelope.topic), let region = envelope.region else {
            throw .untrusted("the topic is not among the provider's Topics")
        }
        guard let time = ISO8601.parse(envelope.timestamp),
            abs((call.receivedAt - time).microseconds) <= Self.tolerance.microseconds
        else { throw .untrusted("the message is older than an hour, or from the future") }
        guard isOwn(envelope.certificateURL, region: region, isCertificate: true) else {
            throw .untrusted("the certificate is not of SNS in the topic's region")
        }
        let hash: PublicKey.Hash
        switch envelope.signatureVersion {
        case "1": hash = .sha1
        case "2": hash = .sha256
        case _: throw .untrusted("SignatureVersion is neither 1 nor 2")
        }
        let key = try await certificates.key(at: envelope.certificateURL, now: call.receivedAt, fetch)
        guard key.isRSA, let signature = Base64.decode(envelope.signature),
            key.verifies(signature, of: Array(envelope.stringToSign.utf8), hash: hash)
        else { throw .untrusted("the signature is wrong") }
        if envelope.kind == .subscriptionConfirmation { try await confirm(envelope, region: region) }
    }

    /// Before the call is answered: when it fails, SNS asks again.
    private func confirm(_ envelope: SNSEnvelope, region: String) async throws(InboundRefusal) {
        guard let url = envelope.subscribeURL, isOwn(url, region: region, isCertificate: false) else {
            throw .untrusted("the SubscribeURL is not of SNS in the topic's region")
        }
        let response: ClientResponse
        do throws(ClientFault) {
            response = try await fetch(url)
        } catch {
            throw .unavailable("the subscription could not be confirmed: \(error.reason.rawValue)")
        }
        guard response.status == 200 else { throw .unavailable("SNS answered \(response.status)") }
    }

    /// https, at SNS's own name of that region; a certificate's path besides.
    func isOwn(_ url: String, region: String, isCertificate: Bool) -> Bool {
        if let base { return url.hasPrefix(base.hasSuffix("/") ? base : "\(base)/") }
        guard let parsed = try? OutboundURL(url), parsed.scheme == "https", parsed.port == 443 else { return false }
        let hosts = ["sns.\(region).amazonaws.com", "sns.\(region).amazonaws.com.cn"]
        guard hosts.contains(parsed.host), let path = url.dropFirst("https://".count).firstIndex(of: "/") else {
            return false
        }
        if !isCertificate { return true }
        let name = url[path...]
        return name.hasPrefix("/SimpleNotificationService-") && name.hasSuffix(".pem")
            && name.dropFirst().allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") }
    }
}

/// Keys of SNS's certificates, by address, for a day: AWS replaces them under a new name.
package final class SNSCertificates: Sendable {
    private let keys = ExpiringCache<String, PublicKey>(lifetime: .seconds(86_400), limit: 64)

    package init() {}

    func key(
        at url: String, now: Instant, _ fetch: SNSReceiver.Fetch
    ) async throws(InboundRefusal) -> PublicKey {
        if let key = keys[url] { return key }
        let readAt = keys.now()
        let response: ClientResponse
        do throws(ClientFault) {
            response = try await fetch(url)
        } catch {
            throw .unavailable("the certificate could not be fetched: \(error.reason.rawValue)")
        }
        guard response.status == 200 else { throw .unavailable("the certificate's server answered \(response.status)") }
        guard let key = PublicKey(certificate: response.body, validAt: now) else {
            throw .untrusted("the certificate cannot be read or is not valid now")
        }
        keys.store(key, for: url, readAt: readAt)
        return key
    }
}
