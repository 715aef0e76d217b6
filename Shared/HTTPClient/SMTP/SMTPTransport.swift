import CCurl

/// A connected, greeted and authenticated socket, plain or TLS. libcurl owns the descriptor and the TLS session;
/// reading and writing never block.
///
/// Used by one thread at a time: the handshake's thread makes it, the loop's thread uses it from then on.
final class SMTPTransport: @unchecked Sendable {
    // SAFETY: handed from the handshake's thread to the loop once; never used by both.
    enum Transfer: Equatable {
        case bytes(Int)
        case wouldBlock
        /// Reading only: the server closed.
        case end
        case failed(String)
    }

    let capabilities: SMTPCapabilities
    let fd: Int32
    let isEncrypted: Bool
    private let handle: UnsafeMutableRawPointer

    init(handle: UnsafeMutableRawPointer, fd: Int32, isEncrypted: Bool, capabilities: SMTPCapabilities) {
        self.handle = handle
        self.fd = fd
        self.isEncrypted = isEncrypted
        self.capabilities = capabilities
    }

    deinit {
        curl_easy_cleanup(handle)
    }

    /// After `wouldBlock` on an encrypted connection the same bytes at the same address must be offered again (OpenSSL).
    func send(_ bytes: UnsafeRawBufferPointer) -> Transfer {
        var sent = 0
        let code = curl_easy_send(handle, bytes.baseAddress, bytes.count, &sent)
        switch code {
        case CURLE_OK: return .bytes(sent)
        case CURLE_AGAIN: return .wouldBlock
        case _: return .failed(String(cString: curl_easy_strerror(code)))
        }
    }

    func receive(_ buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        var received = 0
        let code = curl_easy_recv(handle, buffer.baseAddress, buffer.count, &received)
        switch code {
        case CURLE_OK: return received == 0 ? .end : .bytes(received)
        case CURLE_AGAIN: return .wouldBlock
        case _: return .failed(String(cString: curl_easy_strerror(code)))
        }
    }
}
