import Core
import Glibc

/// Files that come with the program and are not compiled in: the gateway's configuration, the dev inbox, the demo's data.
enum Repository {
    /// The `ops` folder, looked for upwards from where the program is: a checkout (`.build-release/release/needletail`) and an
    /// image (`/opt/needletail/bin/needletail`) both have it above.
    static func operationsFolder() throws -> String {
        var folder = executableFolder()
        while true {
            if Files.exists(folder + "/ops/nginx/gateway.conf") { return folder + "/ops" }
            guard folder != "/" else { break }
            folder = Files.parent(of: folder)
        }
        throw Fault(.configuration, "there is no ops/nginx/gateway.conf in a folder above \(executableFolder())")
    }

    /// Where this program is: the services are beside it.
    static func executableFolder() -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let path = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return Files.parent(of: path)
    }
}
