import Glibc

/// The files of the folder of zones.
enum ZoneFolder {
    /// Paths below `folder`, without it; `America/Argentina/Ushuaia` is as deep as zones go.
    static func files(of folder: String) -> [String] { files(of: folder, below: "", depth: 3) }

    private static func files(of folder: String, below prefix: String, depth: Int) -> [String] {
        guard depth > 0, let directory = opendir("\(folder)/\(prefix)") else { return [] }
        defer { closedir(directory) }
        var found: [String] = []
        while let entry = readdir(directory) {
            // Some file systems do not say; what is no folder then has no files.
            let mayBeFolder = [UInt8(DT_DIR), UInt8(DT_UNKNOWN)].contains(entry.pointee.d_type)
            let mayBeFile = entry.pointee.d_type != UInt8(DT_DIR)
            // SAFETY: the kernel ends `d_name` with a zero within its 256 bytes, and the entry lives until the next `readdir`.
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix(".") { continue }
            if mayBeFolder { found += files(of: folder, below: "\(prefix)\(name)/", depth: depth - 1) }
            if mayBeFile { found.append(prefix + name) }
        }
        return found
    }
}
