import Core
import Glibc
import Runtime

/// Small files and folders of a suite's home. Blocking: for the command line only.
enum Files {
    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    /// With its missing parents; the mode is the last folder's, also when it exists.
    static func makeFolders(_ path: String, mode: mode_t) throws {
        if path != "/", !exists(parent(of: path)) { try makeFolders(parent(of: path), mode: 0o755) }
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw fault("cannot create the folder", path) }
        // Not ours to change when root made it for everyone, as /tmp; then a failure shows at the first write.
        _ = chmod(path, mode)
    }

    /// A folder in /tmp may have been made by somebody else before us.
    static func requireOwnership(_ path: String) throws {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
            throw Fault(.configuration, "\(path) belongs to somebody else")
        }
    }

    static func give(_ path: String, to user: SystemUser) throws {
        guard chown(path, user.id, user.group) == 0 else { throw fault("cannot change the owner of", path) }
    }

    static func give(_ path: String, toGroupOf user: SystemUser) throws {
        guard chown(path, geteuid(), user.group) == 0 else { throw fault("cannot change the group of", path) }
    }

    /// At most 1 MB.
    static func read(_ path: String) -> String? {
        SmallFile.read(path, limitBytes: 1 << 20).flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// The first line, or nil when there is none.
    static func firstLine(_ path: String) -> String? {
        read(path)?.split(separator: "\n").first.map(String.init)
    }

    /// Replaces the file as a whole: a reader sees the old or the new content, also when we die in between.
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o600) throws {
        let temporary = "\(path).\(getpid())"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw fault("cannot write", path) }
        var start = 0
        while start < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress?.advanced(by: start), $0.count - start)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            start += count
        }
        guard close(descriptor) == 0, start == bytes.count, rename(temporary, path) == 0 else {
            unlink(temporary)
            throw fault("cannot write", path)
        }
    }

    static func write(_ text: String, to path: String, mode: mode_t = 0o600) throws {
        try write(Array(text.utf8), to: path, mode: mode)
    }

    /// The last lines of a log, for people.
    static func tail(_ path: String, lines: Int) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        let limit: off_t = 64 << 10
        let size = lseek(descriptor, 0, SEEK_END)
        lseek(descriptor, max(0, size - limit), SEEK_SET)
        var bytes = [UInt8](repeating: 0, count: Int(limit))
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        return text.split(separator: "\n").suffix(lines).joined(separator: "\n")
    }

    /// Where a program is: on the PATH or where Debian keeps servers, which an ordinary user's PATH leaves out.
    static func program(_ name: String) -> String? {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let folders =
            path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/bin"]
        return folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    private static func fault(_ action: String, _ path: String) -> Fault {
        Fault(.configuration, "\(action) \(path): \(String(cString: strerror(errno)))")
    }
}
