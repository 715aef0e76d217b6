import Glibc
import TestKit

/// A folder under /tmp with everything that one suite writes; gone with its owner.
final class SuiteFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/needletail-scenario.XXXXXX\0".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestKitError("no scratch directory: errno \(errno)") }
        path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.remove(path) }

    /// Links are removed, not followed.
    private static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR, let directory = opendir(path) {
            defer { closedir(directory) }
            while let entry = readdir(directory) {
                let name = withUnsafeBytes(of: entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name != "." && name != ".." { remove("\(path)/\(name)") }
            }
        }
        _ = Glibc.remove(path)
    }

    func makeFolder(_ name: String) throws {
        guard mkdir("\(path)/\(name)", 0o700) == 0 else { throw TestKitError("cannot make \(name): errno \(errno)") }
    }

    /// Nobody else may read it: some of these files are keys.
    func write(_ name: String, _ text: String) throws {
        let file = open("\(path)/\(name)", O_CREAT | O_TRUNC | O_WRONLY, 0o600)
        guard file >= 0 else { throw TestKitError("cannot write \(name): errno \(errno)") }
        defer { close(file) }
        let bytes = Array(text.utf8)
        guard Glibc.write(file, bytes, bytes.count) == bytes.count else { throw TestKitError("cannot write \(name)") }
    }

    func lines(of name: String) throws -> [String] {
        try TextFile.read("\(path)/\(name)").split(separator: "\n").map(String.init)
    }
}

enum TextFile {
    static func read(_ path: String) throws -> String {
        guard let file = fopen(path, "r") else { throw TestKitError("cannot read \(path): errno \(errno)") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
