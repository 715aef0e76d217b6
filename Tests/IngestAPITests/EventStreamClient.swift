import Glibc
import TestKit

/// A client that reads server-sent events from a raw socket, without ever blocking.
final class EventStreamClient {
    private let fd: Int32
    private(set) var received = ""
    private(set) var isEnded = false

    /// `host`: `127.0.0.1:port`.
    init(_ host: String, _ target: String, _ headers: [String] = []) throws {
        guard let port = host.split(separator: ":").last.flatMap({ UInt16($0) }) else {
            throw TestKitError("no port in \(host)")
        }
        fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = port.bigEndian
        place.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &place) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw TestKitError("connect failed (errno \(errno))") }
        let head = (["GET \(target) HTTP/1.1", "Host: \(host)"] + headers).joined(separator: "\r\n") + "\r\n\r\n"
        guard send(fd, head, head.utf8.count, Int32(MSG_NOSIGNAL)) == head.utf8.count else {
            throw TestKitError("send failed (errno \(errno))")
        }
    }

    deinit { close(fd) }

    /// Reads what is there.
    @discardableResult
    func read() -> String {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !isEnded {
            let count = recv(fd, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 { received += String(decoding: buffer[..<count], as: UTF8.self) }
            if count == 0 { isEnded = true }
            if count < 0 { break }
        }
        return received
    }

    /// The data of the events so far.
    var events: [String] {
        read().split(separator: "\n").filter { $0.hasPrefix("data: ") }.map { String($0.dropFirst(6)) }
    }

    var ids: [String] {
        read().split(separator: "\n").filter { $0.hasPrefix("id: ") }.map { String($0.dropFirst(4)) }
    }
}
