import Glibc

/// Whole files, for fixtures.
package enum ScratchFile {
    package static func read(_ path: String) throws -> String {
        guard let file = fopen(path, "r") else { throw TestKitError("cannot read \(path): errno \(errno)") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
