import EventLoop
import Glibc
import TestKit

/// A socket that says its lines, the first at once and one more after each thing it reads; then it is silent for ever, or
/// closes. For silences and deaths that real servers cannot be asked for.
final class ScriptedServer: Sendable {
    let port: UInt16
    private let listener: Int32
    private let accepted: Lock<Int>

    private init(port: UInt16, listener: Int32, accepted: Lock<Int>) {
        self.port = port
        self.listener = listener
        self.accepted = accepted
    }

    /// How many have connected.
    var connections: Int { accepted.withLock { $0 } }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    static func start(replies: [String], closes: Bool = false) async throws -> ScriptedServer {
        let port = try FreePort.next()
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard bound == 0, listen(listener, 8) == 0 else { throw TestKitError("cannot listen: errno \(errno)") }
        let accepted = Lock(0)
        Thread.start(name: "scripted") {
            while case let client = accept(listener, nil, nil), client >= 0 {
                accepted.withLock { $0 += 1 }
                Thread.start(name: "scripted-one") { serve(client, replies, closes) }
            }
            close(listener)
        }
        return ScriptedServer(port: port, listener: listener, accepted: accepted)
    }

    private static func serve(_ client: Int32, _ replies: [String], _ closes: Bool) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        for (index, reply) in replies.enumerated() {
            if index > 0 || closes, recv(client, &buffer, buffer.count, 0) <= 0 { break }
            let bytes = Array((reply + "\r\n").utf8)
            send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }
        if closes {
            if replies.isEmpty { recv(client, &buffer, buffer.count, 0) }
        } else {
            while recv(client, &buffer, buffer.count, 0) > 0 {}
        }
        close(client)
    }
}
