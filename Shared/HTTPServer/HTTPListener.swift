import CLinux
import Core
import EventLoop
import Glibc
import Runtime

/// Accepts connections of one listening socket. Loop only.
final class HTTPListener: EventSource {
    private let fd: Int32
    private let address: ListenAddress
    private let server: HTTPServer
    /// Given up for a moment when descriptors run out, so that a connection can be taken and closed: a
    /// level-triggered listener that cannot accept would spin.
    private var spare: Int32
    private var isClosed = false
    private var isPaused = false

    init(fd: Int32, address: ListenAddress, server: HTTPServer) {
        self.fd = fd
        self.address = address
        self.server = server
        spare = open("/dev/null", O_RDONLY | O_CLOEXEC)
    }

    func start() {
        server.loop.register(self, fd: fd, events: EPOLLIN.rawValue)
    }

    func ready(_ events: UInt32) {
        for _ in 0..<64 {
            guard server.hasRoom else { return pause() }
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let accepted = withUnsafeMutablePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    accept4(fd, $0, &length, Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue))
                }
            }
            if accepted >= 0 {
                server.add(HTTPConnection(fd: accepted, remoteAddress: Self.text(&storage), server: server))
                continue
            }
            switch errno {
            case EINTR, ECONNABORTED: continue
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: return shedOne(errno)
            default: return
            }
        }
    }

    private func shedOne(_ code: Int32) {
        server.environment.log.warning("http.descriptors_exhausted", ["errno": .integer(Int64(code))])
        if spare >= 0 {
            close(spare)
            let accepted = accept4(fd, nil, nil, Int32(SOCK_CLOEXEC.rawValue))
            if accepted >= 0 {
                close(accepted)
                server.metrics.counter(.httpConnectionsRefused).increment()
            }
            spare = open("/dev/null", O_RDONLY | O_CLOEXEC)
        }
        pause()
        server.resumeListeners(after: .milliseconds(100))
    }

    /// Lets new connections wait in the kernel's backlog.
    private func pause() {
        isPaused = true
        server.loop.modify(fd: fd, events: 0)
    }

    func resume() {
        guard isPaused, !isClosed else { return }
        isPaused = false
        server.loop.modify(fd: fd, events: EPOLLIN.rawValue)
    }

    func stop() {
        guard !isClosed else { return }
        isClosed = true
        server.loop.deregister(fd: fd)
        close(fd)
        if spare >= 0 { close(spare) }
        if case .unix(let path) = address { unlink(path) }
    }

    private static func text(_ storage: inout sockaddr_storage) -> String {
        let family = Int32(storage.ss_family)
        return withUnsafeBytes(of: &storage) { raw in
            guard let base = raw.baseAddress else { return "" }
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            switch family {
            // The address follows family and port; for IPv6 also the flow label.
            case AF_INET: inet_ntop(AF_INET, base + 4, &text, socklen_t(text.count))
            case AF_INET6: inet_ntop(AF_INET6, base + 8, &text, socklen_t(text.count))
            default: return "unix:"
            }
            return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
