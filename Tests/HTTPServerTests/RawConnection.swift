import CLinux
import Core
import EventLoop
import Glibc

@testable import HTTPServer

/// A client that sends exactly the bytes it is told and reads what comes back, on a thread that may block.
final class RawConnection {
    private let fd: Int32
    private var buffer: [UInt8] = []

    /// `receiveBuffer` makes the kernel take little, so that a slow reader is felt soon.
    init(_ address: ListenAddress, receiveBuffer: Int32? = nil) throws {
        switch address {
        case .unix(let path):
            fd = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            var target = sockaddr_un()
            target.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
            try connect(&target)
        case .tcp(_, let port):
            fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            if var size = receiveBuffer {
                setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
            }
            var target = sockaddr_in()
            target.sin_family = sa_family_t(AF_INET)
            target.sin_port = port.bigEndian
            target.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            try connect(&target)
        }
        var patience = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(fd) }

    private func connect<Address>(_ target: inout Address) throws {
        let code = withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(fd, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
        guard code == 0 else { throw Fault(.unavailable, "connect failed (errno \(errno))") }
    }

    /// `false` once the server has cut the connection.
    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var start = 0
        while start < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(fd, $0.baseAddress.map { $0 + start }, $0.count - start, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            start += count
        }
        return true
    }

    func finishSending() { shutdown(fd, Int32(SHUT_WR)) }

    struct Response {
        var status = 0
        var headers: [String: String] = [:]
        var body: [UInt8] = []
        /// Whether the whole body came: its length, or its last chunk.
        var isWhole = true
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// The next answer; `nil` at the end of the connection.
    func response(isHead: Bool = false) -> Response? {
        guard let head = take(through: "\r\n\r\n") else { return nil }
        var response = Response()
        for (index, line) in head.split(separator: "\r\n").enumerated() {
            if index == 0 {
                response.status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            } else if let colon = line.firstIndex(of: ":") {
                let value = line[line.index(after: colon)...].drop { $0 == " " }
                response.headers[line[..<colon].lowercased()] = String(value)
            }
        }
        if isHead || response.status < 200 || response.status == 204 || response.status == 304 { return response }
        if response.headers["transfer-encoding"] == "chunked" {
            takeChunks(&response)
        } else if let length = response.headers["content-length"].flatMap({ Int($0) }) {
            let body = take(count: length)
            response.isWhole = body != nil
            response.body = body ?? []
        } else {
            response.body = rest()
        }
        return response
    }

    /// A line end is one `Character`.
    private func takeChunks(_ response: inout Response) {
        while let line = take(through: "\r\n"), let count = Int(line.dropLast(), radix: 16) {
            guard let piece = take(count: count + 2), piece.suffix(2) == [0x0D, 0x0A] else { break }
            if count == 0 { return }
            response.body += piece.dropLast(2)
        }
        response.isWhole = false
    }

    /// Everything until the server closes.
    func rest() -> [UInt8] {
        while fill() {}
        defer { buffer = [] }
        return buffer
    }

    /// Whether the server has closed (or reset), after reading what was left.
    var isAtEnd: Bool { buffer.isEmpty && !fill() }

    func take(count: Int) -> [UInt8]? {
        while buffer.count < count { guard fill() else { return nil } }
        defer { buffer.removeFirst(count) }
        return Array(buffer.prefix(count))
    }

    private func take(through mark: String) -> String? {
        let mark = Array(mark.utf8)
        var searched = 0
        while true {
            if let start = (searched..<max(searched, buffer.count - mark.count + 1)).first(where: {
                buffer[$0..<$0 + mark.count].elementsEqual(mark)
            }) {
                return take(count: start + mark.count).map { String(decoding: $0, as: UTF8.self) }
            }
            searched = max(0, buffer.count - mark.count + 1)
            guard fill() else { return nil }
        }
    }

    private func fill() -> Bool {
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(fd, &piece, piece.count, 0)
        guard count > 0 else { return false }
        buffer += piece.prefix(count)
        return true
    }
}
