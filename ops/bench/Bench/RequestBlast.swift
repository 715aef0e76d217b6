import Core
import EventLoop
import Glibc

/// Sends ready requests over kept-alive connections, one at a time on each, as fast as the server answers. Blocking sockets on
/// threads: next to nothing besides the kernel's own work, so that the load generator does not become the limit.
struct RequestBlast: Sendable {
    enum Server: Sendable {
        case unix(String)
        case port(UInt16)
    }

    let server: Server
    let connections: Int
    /// Every request must be answered so.
    var status = 202

    /// Returns after the last answer, with the milliseconds that each took.
    ///
    /// With `perSecond`, request n is sent n / perSecond seconds after the first, or as soon as a connection is free; what it waits
    /// for one counts.
    @discardableResult
    func send(_ requests: [[UInt8]], perSecond: Double? = nil, on loop: EventLoop) async throws -> [Double] {
        let next = Lock(0)
        let (server, expected) = (server, status)
        let start = MonotonicClock.now()
        let times = try await BlockingThreads.run(connections, on: loop) { _ in
            let connection = try BlockingSocket(server)
            var times: [Double] = []
            while true {
                let index = next.withLock { next in
                    defer { next += 1 }
                    return next
                }
                guard index < requests.count else { return times }
                var began = MonotonicClock.now()
                if let perSecond {
                    let due = start + Int64(Double(index) / perSecond * 1_000_000)
                    if due > began { usleep(UInt32(due - began)) }
                    began = due
                }
                let status = try connection.exchange(requests[index])
                guard status == expected else { throw Fault(.unavailable, "a request was answered \(status)") }
                times.append(Double(MonotonicClock.now() - began) / 1000)
            }
        }
        return times.flatMap { $0 }
    }
}

private final class BlockingSocket {
    private let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: 256 << 10)

    init(_ server: RequestBlast.Server) throws(Fault) {
        switch server {
        case .unix(let path):
            descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
            try connect(&address)
        case .port(let port):
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            try connect(&address)
        }
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        close(descriptor)
    }

    private func connect<Address>(_ address: inout Address) throws(Fault) {
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
        guard status == 0 else { throw Fault(.unavailable, "nobody listens (errno \(errno))") }
    }

    /// The answer's status, once all of it is read.
    func exchange(_ request: [UInt8]) throws(Fault) -> Int {
        var sent = 0
        while sent < request.count {
            let count = request.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Fault(.unavailable, "the connection broke while sending (errno \(errno))") }
            sent += count
        }
        var have = 0
        var whole = Int.max
        var status = 0
        while have < whole {
            if have == buffer.count { buffer += [UInt8](repeating: 0, count: buffer.count) }
            let count = buffer.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress?.advanced(by: have), $0.count - have, 0)
            }
            guard count > 0 else { throw Fault(.unavailable, "the connection broke while reading (errno \(errno))") }
            have += count
            if whole == .max, let (code, length) = head(have) { (status, whole) = (code, length) }
        }
        return status
    }

    /// Status and length of head and body, once the head is complete.
    private func head(_ have: Int) -> (status: Int, length: Int)? {
        let bytes = buffer[..<have]
        guard let end = bytes.indices.dropLast(3).first(where: { bytes[$0...].starts(with: [13, 10, 13, 10]) }) else {
            return nil
        }
        var (status, length) = (0, 0)
        for (place, line) in String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n").enumerated() {
            if place == 0 { status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0 }
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "content-length" {
                length = Int(parts[1].filter(\.isNumber)) ?? 0
            }
        }
        return (status, end + 4 + length)
    }
}
