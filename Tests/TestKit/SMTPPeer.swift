package import Core
import Glibc

/// A real SMTP server of other people's making: aiosmtpd with scripted replies (`Tests/peers/smtp_peer.py`).
package final class SMTPPeer: Sendable {
    package let port: UInt16
    package let certificateAuthorityFile: String
    private let directory: ScratchDirectory
    private let process: ChildProcess

    private init(port: UInt16, authority: String, directory: ScratchDirectory, process: ChildProcess) {
        self.port = port
        certificateAuthorityFile = authority
        self.directory = directory
        self.process = process
    }

    /// `flags`: `--auth`, `--tls-required`, `--pipelining`, `--slow`, `--delay=SECONDS`.
    package static func start(_ flags: [String] = []) async throws -> SMTPPeer {
        let directory = try ScratchDirectory()
        let process = try ChildProcess(
            "python3", ["\(BuildPaths.repository)/Tests/peers/smtp_peer.py", directory.path] + flags)
        let words = try await process.waitForLine("port ").split(separator: " ").map(String.init)
        guard words.count == 4, let port = UInt16(words[1]) else {
            throw TestKitError("no port from smtp_peer.py: \(words)")
        }
        return SMTPPeer(port: port, authority: words[3], directory: directory, process: process)
    }

    /// Where it appends one JSON line per accepted message.
    package var messagesFile: String { "\(directory.path)/messages" }

    /// One object per accepted message, in order of arrival: `from`, `to`, `options`, `peer`, `received`, `tls`, `raw` (base64)
    /// and, for messages with a Message-ID, `headers`, `decoded` (`From` and `To`), `parts` and `defects` as Python's e-mail
    /// parser reads them.
    package func messages() throws -> [JSON] {
        try directory.lines(of: "messages").map { try JSON.parse($0) }
    }
}

/// Postfix' `smtp-sink`: PIPELINING, DSN and failures by flag.
package final class SMTPSink: Sendable {
    package let port: UInt16
    private let directory: ScratchDirectory
    private let process: ChildProcess

    private init(port: UInt16, directory: ScratchDirectory, process: ChildProcess) {
        self.port = port
        self.directory = directory
        self.process = process
    }

    package static func start(_ flags: [String] = []) async throws -> SMTPSink {
        let directory = try ScratchDirectory()
        let port = try FreePort.next()
        let process = try ChildProcess(
            "/usr/sbin/smtp-sink",
            (getuid() == 0 ? ["-u", "root"] : []) + flags + [
                "-d", "\(directory.path)/mail.%M.", "127.0.0.1:\(port)", "100",
            ])
        try await process.waitForPort(port)
        return SMTPSink(port: port, directory: directory, process: process)
    }

    package func stop() async throws {
        process.kill()
        try await process.waitForExit()
    }

    /// The dumps: `X-Mail-Args` and `X-Rcpt-Args` lines, a blank, the content. The sink appends the messages of one
    /// session to one file.
    package func dumps() throws -> [String] { try directory.files() }
}

/// A folder under /tmp that is gone with its owner.
package final class ScratchDirectory: Sendable {
    package let path: String

    package init() throws {
        var template = Array("/tmp/needletail-peer.XXXXXX\0".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestKitError("no scratch directory: errno \(errno)") }
        path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(path, 0o755)
    }

    deinit {
        for name in names() { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    package func lines(of name: String) throws -> [String] {
        guard access("\(path)/\(name)", F_OK) == 0 else { return [] }
        return try read(name).split(separator: "\n").map(String.init)
    }

    package func files() throws -> [String] { try names().sorted().map { try read($0) } }

    package func write(_ name: String, _ text: String) throws {
        guard let file = fopen("\(path)/\(name)", "w") else {
            throw TestKitError("cannot write \(name): errno \(errno)")
        }
        defer { fclose(file) }
        let bytes = Array(text.utf8)
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw TestKitError("cannot write \(name)") }
    }

    private func read(_ name: String) throws -> String {
        guard let file = fopen("\(path)/\(name)", "r") else {
            throw TestKitError("cannot read \(name): errno \(errno)")
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func names() -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}
