import CCurl
package import Core
import Glibc

/// Where and how to submit mail, from one URL:
/// `smtp://user:password@host:587/ehlo.name?tls=required&ca=/path/ca.pem`.
///
/// `smtps://` is TLS from the first byte (default port 465); `smtp://` (default port 25) speaks STARTTLS as `tls` says.
/// A password never crosses an unencrypted connection unless `tls=never` says so in so many words.
package struct SMTPServer: Sendable {
    package enum TLS: String, Sendable, CaseIterable {
        /// No STARTTLS even when offered: a relay on the same machine.
        case never
        /// STARTTLS where offered, with a verified certificate; plain where not. Default without a password.
        case opportunistic
        /// STARTTLS or nothing. Default with a password.
        case required
        /// `smtps://`
        case implicit
    }

    package let host: String
    package let port: Int
    package let tls: TLS
    package let username: String?
    package let password: String?
    /// The name we give in EHLO.
    package let localName: String
    /// PEM file of authorities to trust instead of the system's.
    package let certificateAuthorityFile: String?
    /// Messages after which a connection is replaced.
    package let messagesPerConnection: Int
    /// Where a server that a user named may be; nil for the operator's own, which may be anywhere.
    package let rules: OutboundRules?

    /// `username` and `password` where the URL may not carry them, because it is no secret.
    package init(
        url: String, username: String? = nil, password: String? = nil, rules: OutboundRules? = nil
    ) throws(Fault) {
        guard let parts = curl_url() else { throw Fault(.internalError, "out of memory") }
        defer { curl_url_cleanup(parts) }
        guard curl_url_set(parts, CURLUPART_URL, url, UInt32(CURLU_NON_SUPPORT_SCHEME)) == CURLUE_OK else {
            throw Fault(.configuration, "the SMTP URL is not a URL")
        }
        let scheme = Self.part(parts, CURLUPART_SCHEME) ?? ""
        guard scheme == "smtp" || scheme == "smtps" else {
            throw Fault(.configuration, "the SMTP URL must begin with smtp:// or smtps://")
        }
        guard let host = Self.part(parts, CURLUPART_HOST), !host.isEmpty else {
            throw Fault(.configuration, "the SMTP URL has no host")
        }
        self.host = host
        port = Self.part(parts, CURLUPART_PORT).flatMap { Int($0) } ?? (scheme == "smtps" ? 465 : 25)
        self.username = username ?? Self.part(parts, CURLUPART_USER)
        self.password = password ?? Self.part(parts, CURLUPART_PASSWORD)
        self.rules = rules
        let path = (Self.part(parts, CURLUPART_PATH) ?? "/").dropFirst()
        localName = path.isEmpty ? Self.hostName() : String(path)
        guard localName.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), localName.utf8.count <= 255 else {
            throw Fault(.configuration, "the EHLO name of the SMTP URL must be a host name")
        }
        let options = try Self.options(Self.part(parts, CURLUPART_QUERY, decode: false) ?? "")
        certificateAuthorityFile = options.authority ?? rules?.certificateAuthorityFile
        messagesPerConnection = options.reuse ?? 100
        if scheme == "smtps" {
            tls = .implicit
        } else {
            tls = options.tls ?? (self.username == nil ? .opportunistic : .required)
        }
    }

    /// For logs and metrics: no user, no password.
    package var name: String { "\(host):\(port)" }

    private struct Options {
        var tls: TLS?
        var authority: String?
        var reuse: Int?
    }

    private static func options(_ query: String) throws(Fault) -> Options {
        var options = Options()
        for item in query.split(separator: "&") {
            let pair = item.split(separator: "=", maxSplits: 1)
            let value = pair.count == 2 ? String(pair[1]) : ""
            switch pair[0] {
            case "tls":
                guard let tls = TLS(rawValue: value), tls != .implicit else {
                    throw Fault(.configuration, "tls of the SMTP URL must be never, opportunistic or required")
                }
                options.tls = tls
            case "ca":
                options.authority = value
            case "reuse":
                guard let reuse = Int(value), (1...1_000_000).contains(reuse) else {
                    throw Fault(.configuration, "reuse of the SMTP URL must be a number from 1 to 1000000")
                }
                options.reuse = reuse
            case _:
                throw Fault(.configuration, "the SMTP URL has an unknown option: \(pair[0])")
            }
        }
        return options
    }

    private static func part(_ url: OpaquePointer, _ part: CURLUPart, decode: Bool = true) -> String? {
        var value: UnsafeMutablePointer<CChar>?
        guard curl_url_get(url, part, &value, decode ? UInt32(CURLU_URLDECODE) : 0) == CURLUE_OK, let value else {
            return nil
        }
        defer { curl_free(value) }
        return String(cString: value)
    }

    private static func hostName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        let name = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return name.isEmpty ? "localhost" : name
    }
}
