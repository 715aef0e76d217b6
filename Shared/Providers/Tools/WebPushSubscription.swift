import Core
import Crypto
import HTTPClient

/// Where a browser wants its messages, as the Push API's `PushSubscription.toJSON()` says it:
/// `{"endpoint": …, "keys": {"p256dh": …, "auth": …}}`.
struct WebPushSubscription: Sendable {
    let endpoint: String
    /// Scheme, host and port of the endpoint: what a VAPID token is for.
    let origin: String
    let encryption: WebPushEncryption

    private static let limits = JSONLimits(depth: 4, bytes: 4096, membersPerObject: 16)

    /// Throws `invalid`; the words repeat nothing of the subscription.
    init(_ text: String) throws(Fault) {
        guard let json = try? JSON.parse(Array(text.utf8), limits: Self.limits), json.object != nil else {
            throw Fault(.invalid, "it is not a JSON object of at most 4096 bytes")
        }
        guard let endpoint = json["endpoint"]?.string else { throw Fault(.invalid, "it has no endpoint") }
        do throws(OutboundURL.Refusal) {
            let url = try OutboundURL(endpoint)
            let isStandard = url.port == (url.scheme == "https" ? 443 : 80)
            let host = url.host.utf8.contains(0x3A) ? "[\(url.host)]" : url.host
            origin = "\(url.scheme)://\(host)\(isStandard ? "" : ":\(url.port)")"
        } catch {
            throw Fault(.invalid, "its endpoint \(error)")
        }
        self.endpoint = endpoint
        guard let receiver = json["keys"]?["p256dh"]?.string.flatMap(Self.bytes),
            let secret = json["keys"]?["auth"]?.string.flatMap(Self.bytes)
        else { throw Fault(.invalid, "it has no keys.p256dh and keys.auth in base64url") }
        encryption = try WebPushEncryption(receiver: receiver, secret: secret)
    }

    /// Base64url; some libraries write base64, or pad.
    static func bytes(_ text: String) -> [UInt8]? {
        let digits = text.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        return Base64URL.decode(digits)
    }
}
