import CLinux
package import Core
import Glibc

/// Opens non-blocking listening sockets.
package enum ListeningSocket {
    private static let backlog: Int32 = 1024

    /// Returns the descriptor and the address that was really taken. An occupied address is a `Fault` that names it.
    package static func open(_ address: ListenAddress) throws(Fault) -> (fd: Int32, bound: ListenAddress) {
        switch address {
        case .unix(let path): (try openUnix(path), address)
        case .tcp(let host, let port): try openTCP(host, port)
        }
    }

    // MARK: Unix

    private static func openUnix(_ path: String) throws(Fault) -> Int32 {
        let fd = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard fd >= 0 else { throw fault("cannot open a socket", errno) }
        do throws(Fault) {
            try bindUnix(fd, path)
            guard listen(fd, backlog) == 0 else { throw fault("cannot listen on unix:\(path)", errno) }
        } catch {
            close(fd)
            throw error
        }
        return fd
    }

    private static func bindUnix(_ fd: Int32, _ path: String) throws(Fault) {
        var code = try withUnixAddress(path) { bind(fd, $0, $1) == 0 ? 0 : errno }
        if code == EADDRINUSE, try isStale(path) {
            unlink(path)
            code = try withUnixAddress(path) { bind(fd, $0, $1) == 0 ? 0 : errno }
        }
        guard code != EADDRINUSE else { throw Fault(.conflict, "unix:\(path) is in use by another process") }
        guard code == 0 else { throw fault("cannot listen on unix:\(path)", code) }
    }

    /// A socket file that nobody answers on, left by a process that was killed.
    private static func isStale(_ path: String) throws(Fault) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return false }
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard probe >= 0 else { return false }
        defer { close(probe) }
        let code = try withUnixAddress(path) { connect(probe, $0, $1) == 0 ? 0 : errno }
        return code == ECONNREFUSED
    }

    private static func withUnixAddress(
        _ path: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(Fault) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw Fault(.configuration, "unix:\(path) is too long for a socket (107 bytes at most)")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    // MARK: TCP

    private static func openTCP(_ host: String, _ port: UInt16) throws(Fault) -> (fd: Int32, bound: ListenAddress) {
        let address = ListenAddress.tcp(host: host, port: port)
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let info = found else {
            throw Fault(.configuration, "\(address) is not a numeric address and a port")
        }
        defer { freeaddrinfo(info) }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let fd = socket(info.pointee.ai_family, kind, 0)
        guard fd >= 0 else { throw fault("cannot open a socket", errno) }
        // Accepted sockets inherit TCP_NODELAY.
        enable(fd, SOL_SOCKET, SO_REUSEADDR)
        enable(fd, Int32(IPPROTO_TCP), TCP_NODELAY)
        guard bind(fd, info.pointee.ai_addr, info.pointee.ai_addrlen) == 0, listen(fd, backlog) == 0 else {
            let code = errno
            close(fd)
            if code == EADDRINUSE { throw Fault(.conflict, "\(address) is in use by another process") }
            throw fault("cannot listen on \(address)", code)
        }
        return (fd, .tcp(host: host, port: boundPort(fd) ?? port))
    }

    private static func enable(_ fd: Int32, _ level: Int32, _ option: Int32) {
        var one: Int32 = 1
        setsockopt(fd, level, option, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func boundPort(_ fd: Int32) -> UInt16? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(fd, $0, &length) }
        }
        // The port stands at the same place for both families.
        return code == 0 ? withUnsafeBytes(of: &storage) { UInt16($0[2]) << 8 | UInt16($0[3]) } : nil
    }

    private static func fault(_ what: String, _ code: Int32) -> Fault {
        Fault(.configuration, "\(what): \(String(cString: strerror(code)))")
    }
}
