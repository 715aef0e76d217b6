import CCurl
import EventLoop
import Glibc
import Runtime

/// One request on its way: what libcurl's callbacks read and write.
final class Transfer: @unchecked Sendable {
    // SAFETY: between `begin` and `finish` only the engine's thread touches the mutable parts; the continuation is under a lock.
    static let headerLimitBytes = 64 << 10

    let request: ClientRequest
    /// libcurl writes here until the handle is cleaned or reset, so it is never a Swift array's storage.
    let errorBuffer: UnsafeMutablePointer<CChar>
    var headerList: UnsafeMutablePointer<curl_slist>?
    private(set) var bodyOffset = 0
    private var status = 0
    private var version = ""
    private var headers: [(name: String, value: String)] = []
    private var headerBytes = 0
    private var body: [UInt8] = []
    private(set) var exceededLimit = false
    /// An address was refused; whether another one took the request is the result's business.
    private(set) var wasForbidden = false
    /// `CURLOPT_RESOLVE`'s list, kept as long as the handle refers to it.
    var resolveList: UnsafeMutablePointer<curl_slist>?
    private let continuation = Lock<CheckedContinuation<Result<ClientResponse, ClientFault>, Never>?>(nil)

    init(_ request: ClientRequest) {
        self.request = request
        errorBuffer = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        errorBuffer.deallocate()
        curl_slist_free_all(headerList)
        curl_slist_free_all(resolveList)
    }

    func begin(_ continuation: CheckedContinuation<Result<ClientResponse, ClientFault>, Never>) {
        self.continuation.withLock { $0 = continuation }
    }

    /// The first result stands.
    func finish(_ result: Result<ClientResponse, ClientFault>) {
        let waiter = continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
        waiter?.resume(returning: result)
    }

    var response: ClientResponse {
        ClientResponse(status: status, headers: headers, body: body, httpVersion: version)
    }

    // MARK: What libcurl calls

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, request.body.count - bodyOffset)
        guard count > 0 else { return 0 }
        request.body.withUnsafeBytes { bytes in
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[bodyOffset..<(bodyOffset + count)]))
        }
        bodyOffset += count
        return count
    }

    func seek(to offset: Int) -> Bool {
        guard (0...request.body.count).contains(offset) else { return false }
        bodyOffset = offset
        return true
    }

    func take(body bytes: UnsafeRawBufferPointer) -> Bool {
        guard body.count + bytes.count <= request.responseLimitBytes else {
            exceededLimit = true
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }

    /// A socket for an address that libcurl is about to connect to, or -1.
    func openSocket(_ peer: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        guard let guarding = request.guarding else { return CURL_SOCKET_BAD }
        guard let raw = curlx_sockaddr(peer), let address = IPAddress(raw, length: Int(peer.pointee.addrlen)),
            guarding.rules.permits(address, for: guarding.url)
        else {
            wasForbidden = true
            return CURL_SOCKET_BAD
        }
        let kind = peer.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
        return socket(peer.pointee.family, kind, peer.pointee.protocol)
    }

    func take(headerLine bytes: UnsafeRawBufferPointer) -> Bool {
        headerBytes += bytes.count
        guard headerBytes <= Self.headerLimitBytes else {
            exceededLimit = true
            return false
        }
        var line = bytes[...]
        while let last = line.last, last == 0x0A || last == 0x0D { line.removeLast() }
        if line.starts(with: "HTTP/".utf8) {
            // A new head: an interim answer (1xx) came before.
            headers = []
            let words = line.split(separator: 0x20, maxSplits: 2)
            version = words.first.map { String(decoding: $0.dropFirst(5), as: UTF8.self) } ?? ""
            status = words.count > 1 ? Int(String(decoding: words[1], as: UTF8.self)) ?? 0 : 0
        } else if let colon = line.firstIndex(of: 0x3A) {
            let value = line[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
            headers.append((String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self)))
        }
        return true
    }
}

extension Transfer {
    private static func of(_ context: UnsafeMutableRawPointer) -> Transfer {
        Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    }

    static let readCallback: curlx_io_cb = { bytes, size, count, context in
        guard let bytes, let context else { return 0 }
        return Transfer.of(context).read(into: UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
    }

    static let bodyCallback: curlx_io_cb = { bytes, size, count, context in
        guard let bytes, let context else { return 0 }
        return Transfer.of(context).take(body: UnsafeRawBufferPointer(start: bytes, count: size * count))
            ? size * count : 0
    }

    static let headerCallback: curlx_io_cb = { bytes, size, count, context in
        guard let bytes, let context else { return 0 }
        return Transfer.of(context).take(headerLine: UnsafeRawBufferPointer(start: bytes, count: size * count))
            ? size * count : 0
    }

    static let openSocketCallback: curlx_opensocket_cb = { context, _, peer in
        guard let context, let peer else { return CURL_SOCKET_BAD }
        return Transfer.of(context).openSocket(peer)
    }

    static let seekCallback: curlx_seek_cb = { context, offset, origin in
        guard let context, origin == SEEK_SET else { return CURL_SEEKFUNC_FAIL }
        return Transfer.of(context).seek(to: Int(offset)) ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL
    }
}

extension IPAddress {
    /// Of a `sockaddr_in` or `sockaddr_in6`.
    init?(_ address: UnsafeRawPointer, length: Int) {
        guard length >= MemoryLayout<sa_family_t>.size else { return nil }
        switch Int32(address.loadUnaligned(as: sa_family_t.self)) {
        case AF_INET where length >= MemoryLayout<sockaddr_in>.size:
            self.init(v4: UInt32(bigEndian: address.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr))
        case AF_INET6 where length >= MemoryLayout<sockaddr_in6>.size:
            let v6 = address.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            self.init(networkOrder: withUnsafeBytes(of: v6) { Array($0) })
        case _:
            return nil
        }
    }
}
