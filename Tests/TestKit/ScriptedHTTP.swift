import EventLoop
import Glibc

/// A server on loopback that answers each HTTP request as the test says: with anything, with nothing, or by hanging up. For
/// providers' answers that no real peer gives when asked, and for looking at what was sent.
package final class ScriptedHTTP: Sendable {
    package struct Call: Sendable {
        package var method: String
        /// Path and query as they came.
        package var target: String
        /// Names in lower case.
        package var headers: [(name: String, value: String)]
        package var body: [UInt8]

        package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
        package var text: String { String(decoding: body, as: UTF8.self) }
    }

    package enum Answer: Sendable {
        case reply(status: Int, headers: [(String, String)] = [], body: String = "")
        /// The request is read, and nothing is ever said.
        case silence
        /// The request is read, and the connection closed without a word.
        case hangUp
    }

    package let port: UInt16
    package var url: String { "http://127.0.0.1:\(port)" }
    package var calls: [Call] { seen.withLock { $0 } }

    private let listener: Int32
    private let seen: Lock<[Call]>

    private init(port: UInt16, listener: Int32, seen: Lock<[Call]>) {
        self.port = port
        self.listener = listener
        self.seen = seen
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    package static func start(_ answer: @escaping @Sendable (Call) -> Answer) throws -> ScriptedHTTP {
        let (listener, port) = try bound()
        let seen = Lock<[Call]>([])
        Thread.start(name: "scripted-http") {
            while case let client = accept(listener, nil, nil), client >= 0 {
                Thread.start(name: "scripted-call") {
                    serve(client, seen, answer)
                    close(client)
                }
            }
            close(listener)
        }
        return ScriptedHTTP(port: port, listener: listener, seen: seen)
    }

    private static func bound() throws -> (listener: Int32, port: UInt16) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, size) == 0 ? getsockname(listener, address, &size) : -1
            }
        }
        guard result == 0, listen(listener, 64) == 0 else { throw TestKitError("cannot listen: errno \(errno)") }
        return (listener, UInt16(bigEndian: address.sin_port))
    }

    /// One request per connection.
    private static func serve(
        _ client: Int32, _ seen: Lock<[Call]>, _ answer: @Sendable (Call) -> Answer
    ) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            if let call = parse(bytes) {
                seen.withLock { $0.append(call) }
                switch answer(call) {
                case .hangUp: return
                case .silence: while recv(client, &buffer, buffer.count, 0) > 0 {}
                case .reply(let status, let headers, let body):
                    var head =
                        "HTTP/1.1 \(status) Scripted\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n"
                    for (name, value) in headers { head += "\(name): \(value)\r\n" }
                    let all = Array("\(head)\r\n\(body)".utf8)
                    send(client, all, all.count, Int32(MSG_NOSIGNAL))
                }
                return
            }
            let count = recv(client, &buffer, buffer.count, 0)
            guard count > 0, bytes.count < 4 << 20 else { return }
            bytes += buffer[..<count]
        }
    }

    /// Nil until it is whole.
    private static func parse(_ bytes: [UInt8]) -> Call? {
        let mark: [UInt8] = [13, 10, 13, 10]
        guard bytes.count >= 4,
            let end = (0...(bytes.count - 4)).first(where: { bytes[$0..<($0 + 4)].elementsEqual(mark) })
        else { return nil }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        let words = (lines.first ?? "").split(separator: " ").map(String.init)
        guard words.count >= 2 else { return nil }
        var call = Call(method: words[0], target: words[1], headers: [], body: [])
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            call.headers.append((line[..<colon].lowercased(), String(value)))
        }
        let length = call.header("content-length").flatMap { Int($0) } ?? 0
        guard bytes.count >= end + 4 + length else { return nil }
        call.body = Array(bytes[(end + 4)..<(end + 4 + length)])
        return call
    }
}
