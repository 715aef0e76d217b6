import CLinux
package import Core
import Glibc

/// The settings of one process, checked at start: an unknown `NEEDLETAIL_*` variable or a bad value is an error that names
/// the variable and what is allowed, and never shows a secret's value.
package struct Configuration: Sendable {
    private let values: [String: String]

    /// `readFile` serves the `<NAME>_FILE` form of secrets.
    package init(
        environment: [String: String],
        readFile: (_ path: String) -> [UInt8]? = { SmallFile.read($0, limitBytes: 64 << 10) }
    ) throws(Fault) {
        var values: [String: String] = [:]
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix("NEEDLETAIL_") {
            let (setting, isFile) = try Self.setting(named: name)
            guard !value.isEmpty else { continue }  // compose passes `${X:-}` as an empty variable
            let given = isFile ? try Self.secret(setting, in: value, readFile) : value
            guard values[setting.name] == nil else {
                throw Fault(.configuration, "\(setting.name) and \(setting.name)_FILE are both set; give one")
            }
            guard setting.form.accepts(given) else { throw Self.refusal(setting, given, isFile: isFile) }
            values[setting.name] = given
        }
        self.values = values
    }

    /// The process's own environment.
    package static func ofProcess() throws(Fault) -> Configuration {
        try Configuration(environment: ProcessEnvironment.all())
    }

    /// The value given, else the default.
    package subscript(setting: Setting) -> String? {
        values[setting.name] ?? setting.default
    }

    package func require(_ setting: Setting) throws(Fault) -> String {
        guard let value = self[setting] else {
            throw Fault(.configuration, "\(setting.name) is not set; it must be \(setting.form.expectation)")
        }
        return value
    }

    /// Whether the setting was given, as opposed to defaulted.
    package func isGiven(_ setting: Setting) -> Bool {
        values[setting.name] != nil
    }

    // MARK: Checks

    private static func setting(named name: String) throws(Fault) -> (Setting, isFile: Bool) {
        if let setting = Settings.all.first(where: { $0.name == name }) { return (setting, false) }
        if let setting = Settings.all.first(where: { $0.isSecret && "\($0.name)_FILE" == name }) {
            return (setting, true)
        }
        let known = Settings.all.flatMap { $0.isSecret ? [$0.name, "\($0.name)_FILE"] : [$0.name] }
        let nearest = EditDistance.nearest(to: name, among: known) ?? ""
        throw Fault(.configuration, "\(name) is not a setting; did you mean \(nearest)?")
    }

    private static func secret(
        _ setting: Setting, in path: String, _ readFile: (String) -> [UInt8]?
    ) throws(Fault) -> String {
        guard let bytes = readFile(path), let text = String(validating: bytes, as: UTF8.self) else {
            throw Fault(.configuration, "\(setting.name)_FILE: cannot read \(path) as a text of at most 64 KB")
        }
        let end = text.lastIndex { !$0.isNewline }.map { text.index(after: $0) } ?? text.startIndex
        return String(text[..<end])
    }

    private static func refusal(_ setting: Setting, _ value: String, isFile: Bool) -> Fault {
        let name = isFile ? "the content of \(setting.name)_FILE" : setting.name
        let shown = setting.isSecret ? "" : ", not \"\(value.prefix(80))\""
        return Fault(.configuration, "\(name) must be \(setting.form.expectation)\(shown)")
    }
}

// MARK: Typed values. Forms were checked at start, so that the fallbacks here are unreachable.
extension Configuration {
    package var databaseURL: String { get throws(Fault) { try require(Settings.databaseURL) } }
    package var listen: String { self[Settings.listen] ?? "127.0.0.1:8080" }
    /// Without a slash at the end.
    package var publicURL: String {
        var url = self[Settings.publicURL] ?? ""
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }
    package var smtpURL: String? { self[Settings.smtpURL] }
    package var masterKeyFile: String { get throws(Fault) { try require(Settings.masterKeyFile) } }
    package var accountID: String { self[Settings.accountID] ?? "000000000000" }
    package var region: String { self[Settings.region] ?? "us-east-1" }
    package var clock: ClockOffset { self[Settings.clock].flatMap { ClockOffset($0) } ?? .none }
    package var bootstrapKeys: [KeyPair] { self[Settings.bootstrapKeys].flatMap { KeyPair.list($0) } ?? [] }
    package var logLevel: Logger.Level {
        switch self[Settings.logLevel] {
        case "debug": .debug
        case "warning": .warning
        case "error": .error
        default: .info
        }
    }
    package var poolSize: Int { integer(Settings.poolSize) }
    package var leaseTTL: Duration { .milliseconds(integer(Settings.leaseTTL)) }
    package var window: Int { integer(Settings.window) }
    package var indexMegabytes: Int { integer(Settings.indexMegabytes) }
    package var isDevInboxOn: Bool { self[Settings.devInbox].flatMap { Setting.Form.flag($0) } ?? false }
    package var lmtpListen: String? { self[Settings.lmtpListen] }
    package var softBounces: Int { integer(Settings.softBounces) }
    package var softBounceDays: Int { integer(Settings.softBounceDays) }
    package var outboundAllow: OutboundAllowList {
        self[Settings.outboundAllow].flatMap { OutboundAllowList($0) } ?? .empty
    }
    package var isHookHandshakeOn: Bool { self[Settings.hookHandshake].flatMap { Setting.Form.flag($0) } ?? true }
    package var home: String { self[Settings.home] ?? ".needletail" }
    package var port: Int { integer(Settings.port) }

    /// The token of calls between processes; nil when no file is configured.
    package func serviceToken() throws(Fault) -> String? {
        guard let path = self[Settings.serviceTokenFile] else { return nil }
        guard let bytes = SmallFile.read(path, limitBytes: 4096), let text = String(validating: bytes, as: UTF8.self)
        else {
            throw Fault(.configuration, "NEEDLETAIL_SERVICE_TOKEN_FILE: cannot read \(path)")
        }
        let token = text.filter { !$0.isWhitespace }
        guard token.utf8.count >= 16 else {
            throw Fault(.configuration, "NEEDLETAIL_SERVICE_TOKEN_FILE: \(path) must hold at least 16 characters")
        }
        return token
    }

    private func integer(_ setting: Setting) -> Int {
        self[setting].flatMap { Int($0) } ?? 0
    }
}

/// The process's environment variables.
package enum ProcessEnvironment {
    package static func all() -> [String: String] {
        var all: [String: String] = [:]
        var cursor = clinux_environ()
        while let entry = cursor?.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                all[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            cursor = cursor?.successor()
        }
        return all
    }
}

/// Reads a whole small file, blocking: for start-up only.
package enum SmallFile {
    /// Nil when it cannot be read or is larger than the limit.
    package static func read(_ path: String, limitBytes: Int) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limitBytes + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress?.advanced(by: count), $0.count - count)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { return nil }
            if got == 0 { break }
            count += got
        }
        return count > limitBytes ? nil : Array(bytes.prefix(count))
    }
}
