import Core
import Glibc

/// A file that is being written, readable by its owner only. It must not exist yet. Blocking: for the command line only.
struct NewFile {
    private let descriptor: Int32
    /// Nil: standard output.
    private let path: String?

    static let standardOutput = NewFile(descriptor: STDOUT_FILENO, path: nil)

    private init(descriptor: Int32, path: String?) {
        self.descriptor = descriptor
        self.path = path
    }

    init(_ path: String) throws(Fault) {
        descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw Fault(.invalid, "cannot create \(path): \(String(cString: strerror(errno)))")
        }
        self.path = path
    }

    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw Fault(.internalError, "cannot write \(path ?? "the output"): \(String(cString: strerror(errno)))")
            }
            rest = rest.dropFirst(count)
        }
    }

    func close() throws(Fault) {
        guard let path else { return }
        guard fsync(descriptor) == 0, Glibc.close(descriptor) == 0 else {
            throw Fault(.internalError, "cannot finish \(path): \(String(cString: strerror(errno)))")
        }
    }

    /// Nobody shall take half a file for a whole one.
    func discard() {
        if let path { unlink(path) }
    }
}
