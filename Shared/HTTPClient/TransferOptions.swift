import CCurl
import Core

/// Turns a request into libcurl's options. A reused handle keeps nothing of the previous transfer, so all are set each time.
enum TransferOptions {
    /// What no request may contain, before anything is queued.
    static func check(_ request: ClientRequest) throws(ClientFault) {
        let url = request.url.utf8
        guard url.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw .unsent(.invalidRequest, "the URL contains a space or a control character")
        }
        guard url.starts(with: "http://".utf8) || url.starts(with: "https://".utf8) else {
            throw .unsent(.invalidRequest, "the URL is not http or https")
        }
        guard !request.method.isEmpty, request.method.utf8.allSatisfy(isTokenByte) else {
            throw .unsent(.invalidRequest, "the method is not a token")
        }
        for (name, value) in request.headers {
            guard !name.isEmpty, name.utf8.allSatisfy(isTokenByte) else {
                throw .unsent(.invalidRequest, "a header's name is not a token")
            }
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                throw .unsent(.invalidRequest, "header \(name) contains a control character")
            }
        }
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case _: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    /// The handle refers to `transfer` until it is reset or removed; the engine keeps it that long.
    static func apply(_ transfer: Transfer, to handle: UnsafeMutableRawPointer) {
        let request = transfer.request
        let context = Unmanaged.passUnretained(transfer).toOpaque()
        _ = curlx_set_str(handle, CURLOPT_URL, request.url)
        _ = curlx_set_str(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        _ = curlx_set_str(handle, CURLOPT_PROXY, "")
        _ = curlx_set_long(handle, CURLOPT_FOLLOWLOCATION, 0)
        _ = curlx_set_long(handle, CURLOPT_NOSIGNAL, 1)
        _ = curlx_set_long(handle, CURLOPT_TCP_KEEPALIVE, 1)
        _ = curlx_set_long(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        // Wait for a connection that is being made rather than making one more, so that HTTP/2 streams share it.
        _ = curlx_set_long(handle, CURLOPT_PIPEWAIT, 1)
        _ = curlx_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, Int(max(1, request.connectTimeout.milliseconds)))
        _ = curlx_set_long(handle, CURLOPT_TIMEOUT_MS, Int(max(1, request.totalTimeout.milliseconds)))
        if let path = request.unixSocketPath { _ = curlx_set_str(handle, CURLOPT_UNIX_SOCKET_PATH, path) }
        if let file = request.certificateAuthorityFile { _ = curlx_set_str(handle, CURLOPT_CAINFO, file) }
        if let identity = request.identity {
            _ = curlx_set_blob(handle, CURLOPT_SSLCERT_BLOB, identity.certificates, identity.certificates.count)
            _ = curlx_set_blob(handle, CURLOPT_SSLKEY_BLOB, identity.privateKey, identity.privateKey.count)
        }
        _ = curlx_set_ptr(handle, CURLOPT_ERRORBUFFER, transfer.errorBuffer)
        _ = curlx_set_ptr(handle, CURLOPT_PRIVATE, context)
        _ = curlx_set_io(handle, CURLOPT_WRITEFUNCTION, Transfer.bodyCallback)
        _ = curlx_set_ptr(handle, CURLOPT_WRITEDATA, context)
        _ = curlx_set_io(handle, CURLOPT_HEADERFUNCTION, Transfer.headerCallback)
        _ = curlx_set_ptr(handle, CURLOPT_HEADERDATA, context)
        if request.guarding != nil {
            _ = curlx_set_opensocket(handle, Transfer.openSocketCallback)
            _ = curlx_set_ptr(handle, CURLOPT_OPENSOCKETDATA, context)
        }
        applyPins(transfer, to: handle)
        applyBody(transfer, to: handle, context)
        applyHeaders(transfer, to: handle)
    }

    /// The body is read by a callback without a way to rewind, unless the request may be repeated: libcurl would otherwise
    /// send a POST again on its own when a kept-alive connection breaks before the answer.
    private static func applyBody(
        _ transfer: Transfer, to handle: UnsafeMutableRawPointer, _ context: UnsafeMutableRawPointer
    ) {
        let request = transfer.request
        let sendsBody = !request.body.isEmpty || ["POST", "PUT", "PATCH"].contains(request.method)
        if sendsBody {
            _ = curlx_set_long(handle, CURLOPT_POST, 1)
            _ = curlx_set_off(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
            _ = curlx_set_io(handle, CURLOPT_READFUNCTION, Transfer.readCallback)
            _ = curlx_set_ptr(handle, CURLOPT_READDATA, context)
            if request.isRepeatable {
                _ = curlx_set_seek(handle, CURLOPT_SEEKFUNCTION, Transfer.seekCallback)
                _ = curlx_set_ptr(handle, CURLOPT_SEEKDATA, context)
            }
        }
        if request.method == "HEAD" {
            _ = curlx_set_long(handle, CURLOPT_NOBODY, 1)
        } else if request.method != "GET" || sendsBody {
            _ = curlx_set_str(handle, CURLOPT_CUSTOMREQUEST, request.method)
        }
        // Nothing to rewind, so nothing would stop a repetition: a connection of its own does.
        if !request.isRepeatable && request.body.isEmpty { _ = curlx_set_long(handle, CURLOPT_FRESH_CONNECT, 1) }
    }

    /// `+`: the pin is forgotten like any other DNS answer, and a later one takes its place.
    private static func applyPins(_ transfer: Transfer, to handle: UnsafeMutableRawPointer) {
        let request = transfer.request
        guard !request.pinnedAddresses.isEmpty, let url = request.guarding?.url else { return }
        let line = "+\(url.host):\(url.port):\(request.pinnedAddresses.joined(separator: ","))"
        transfer.resolveList = curl_slist_append(transfer.resolveList, line)
        _ = curlx_set_ptr(handle, CURLOPT_RESOLVE, transfer.resolveList)
    }

    private static func applyHeaders(_ transfer: Transfer, to handle: UnsafeMutableRawPointer) {
        // `Expect:` costs a round trip; the form type would be libcurl's guess.
        var lines = ["Expect:"]
        if !transfer.request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            lines.append("Content-Type:")
        }
        for (name, value) in transfer.request.headers { lines.append(value.isEmpty ? "\(name);" : "\(name): \(value)") }
        for line in lines { transfer.headerList = curl_slist_append(transfer.headerList, line) }
        _ = curlx_set_ptr(handle, CURLOPT_HTTPHEADER, transfer.headerList)
    }
}
