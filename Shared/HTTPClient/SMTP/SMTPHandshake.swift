import CCurl
import Core
import Glibc
import Runtime

/// Connects, greets, starts TLS and authenticates, all by libcurl (`CURLOPT_CONNECT_ONLY`), so that no TLS or SASL code is
/// ours. Blocks: runs on a thread aside, never on the loop.
enum SMTPHandshake {
    static func perform(_ server: SMTPServer, timeout: Duration) -> Result<SMTPTransport, SMTPHandshakeFault> {
        guard let handle = curl_easy_init() else {
            return .failure(SMTPHandshakeFault(reason: .connection("out of memory", retryAfter: .seconds(1))))
        }
        let transcript = Transcript()
        let errors = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
        errors.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        defer { errors.deallocate() }
        let code = withExtendedLifetime(transcript) { () -> CURLcode in
            configure(handle, server, timeout)
            if let rules = server.rules {
                transcript.guarding = SMTPGuard(rules: rules, host: server.host, port: server.port)
                _ = curlx_set_opensocket(handle, openGuarded)
                _ = curlx_set_ptr(handle, CURLOPT_OPENSOCKETDATA, Unmanaged.passUnretained(transcript).toOpaque())
            }
            _ = curlx_set_ptr(handle, CURLOPT_ERRORBUFFER, errors)
            _ = curlx_set_io(handle, CURLOPT_HEADERFUNCTION, takeLine)
            _ = curlx_set_ptr(handle, CURLOPT_HEADERDATA, Unmanaged.passUnretained(transcript).toOpaque())
            defer {
                // Neither outlives this call, the handle does.
                _ = curlx_set_ptr(handle, CURLOPT_ERRORBUFFER, nil)
                _ = curlx_set_io(handle, CURLOPT_HEADERFUNCTION, nil)
                _ = curlx_set_ptr(handle, CURLOPT_HEADERDATA, nil)
                _ = curlx_set_ptr(handle, CURLOPT_OPENSOCKETDATA, nil)
            }
            return curl_easy_perform(handle)
        }
        var fd: curl_socket_t = -1
        guard code == CURLE_OK, curlx_get_socket(handle, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK, fd >= 0 else {
            let words =
                transcript.wasForbidden ? "the SMTP server's address or port is not permitted" : String(cString: errors)
            curl_easy_cleanup(handle)
            let detail = words.isEmpty ? String(cString: curl_easy_strerror(code)) : words
            return .failure(SMTPHandshakeFault(reason: reason(code, detail, transcript.lines)))
        }
        return .success(
            SMTPTransport(
                handle: handle,
                fd: fd,
                isEncrypted: server.tls == .implicit || server.tls == .required
                    || (server.tls == .opportunistic && transcript.startedTLS),
                capabilities: SMTPCapabilities(handshake: transcript.lines)
            ))
    }

    private static func configure(_ handle: UnsafeMutableRawPointer, _ server: SMTPServer, _ timeout: Duration) {
        let scheme = server.tls == .implicit ? "smtps" : "smtp"
        let name = curl_easy_escape(handle, server.localName, 0)
        let path = name.map { String(cString: $0) } ?? "localhost"
        curl_free(name)
        _ = curlx_set_str(handle, CURLOPT_URL, "\(scheme)://\(server.host):\(server.port)/\(path)")
        _ = curlx_set_str(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        _ = curlx_set_str(handle, CURLOPT_PROXY, "")
        _ = curlx_set_long(handle, CURLOPT_CONNECT_ONLY, 1)
        _ = curlx_set_long(handle, CURLOPT_NOSIGNAL, 1)
        _ = curlx_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, Int(timeout.milliseconds))
        _ = curlx_set_long(handle, CURLOPT_TIMEOUT_MS, Int(timeout.milliseconds))
        let security =
            switch server.tls {
            case .never: CURLUSESSL_NONE
            case .opportunistic: CURLUSESSL_TRY
            case .required, .implicit: CURLUSESSL_ALL
            }
        _ = curlx_set_long(handle, CURLOPT_USE_SSL, Int(security.rawValue))
        if let file = server.certificateAuthorityFile { _ = curlx_set_str(handle, CURLOPT_CAINFO, file) }
        if let username = server.username {
            _ = curlx_set_str(handle, CURLOPT_USERNAME, username)
            _ = curlx_set_str(handle, CURLOPT_PASSWORD, server.password ?? "")
        }
    }

    /// A last line of 4yz or 5yz is the server's own reason and says more than libcurl's code.
    private static func reason(_ code: CURLcode, _ detail: String, _ lines: [String]) -> SMTPNotSent {
        let reply = lines.last.flatMap { line -> SMTPReply? in
            var parser = SMTPReplyParser()
            Array((line + "\r\n").utf8).withUnsafeBytes { parser.append($0) }
            return (try? parser.next()) ?? nil
        }
        if code == CURLE_LOGIN_DENIED {
            guard let reply, reply.code / 100 == 4 else {
                return .authentication(reply.map { "\($0)" } ?? detail)
            }
            return .connection("\(reply)", retryAfter: .seconds(30))
        }
        if let reply, reply.code >= 400 { return .greeting(reply) }
        return .connection(detail, retryAfter: .seconds(1))
    }
}

struct SMTPHandshakeFault: Error {
    let reason: SMTPNotSent
}

/// The server's lines of one handshake. Bounded, because the server decides how many there are.
private final class Transcript {
    static let limit = 200
    private(set) var lines: [String] = []
    private(set) var startedTLS = false
    var guarding: SMTPGuard?
    private(set) var wasForbidden = false

    func permits(_ address: IPAddress?) -> Bool {
        guard let guarding, let address, guarding.permits(address) else {
            wasForbidden = true
            return false
        }
        return true
    }

    func take(_ bytes: UnsafeRawBufferPointer) {
        guard lines.count < Self.limit else { return }
        var line = String(decoding: bytes.prefix(SMTPReplyParser.lineLimitBytes), as: UTF8.self)
        while line.last?.isNewline == true { line.removeLast() }
        // The first 220 is the greeting; a second one answers STARTTLS.
        if line.hasPrefix("220"), lines.contains(where: { $0.hasPrefix("250") }) { startedTLS = true }
        lines.append(line)
    }
}

private let takeLine: curlx_io_cb = { bytes, size, count, context in
    guard let bytes, let context else { return 0 }
    Unmanaged<Transcript>.fromOpaque(context).takeUnretainedValue()
        .take(UnsafeRawBufferPointer(start: bytes, count: size * count))
    return size * count
}

/// The rules for addresses that users give (`OutboundRules`), at the ports that mail is submitted to.
struct SMTPGuard {
    private static let ports: Set<Int> = [25, 465, 587, 2525]

    let rules: OutboundRules
    let host: String
    let port: Int

    func permits(_ address: IPAddress) -> Bool {
        rules.names(host: host, address) || Self.ports.contains(port) && OutboundRules.isPublic(address)
    }
}

private let openGuarded: curlx_opensocket_cb = { context, _, peer in
    guard let context, let peer else { return CURL_SOCKET_BAD }
    let transcript = Unmanaged<Transcript>.fromOpaque(context).takeUnretainedValue()
    let address = curlx_sockaddr(peer).flatMap { IPAddress($0, length: Int(peer.pointee.addrlen)) }
    guard transcript.permits(address) else { return CURL_SOCKET_BAD }
    let kind = peer.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
    return socket(peer.pointee.family, kind, peer.pointee.protocol)
}
