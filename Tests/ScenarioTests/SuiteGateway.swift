import Glibc
import TestKit

/// nginx with the shipped route table, over the sockets of one suite: written as `needletail up` writes it.
struct SuiteGateway {
    let port: UInt16
    let process: ChildProcess

    private static let sharedFiles = ["gateway.conf", "routes.map", "errors.conf", "error-headers.conf"]

    init(_ folder: SuiteFolder, port: UInt16) throws {
        let source = "\(BuildPaths.repository)/ops/nginx"
        for name in ["nginx", "pids", "tmp", "tmp/nginx"] { try folder.makeFolder(name) }
        for name in Self.sharedFiles { try folder.write("nginx/\(name)", try TextFile.read("\(source)/\(name)")) }
        let words = [
            ("@HOME@", folder.path), ("@RUN@", "\(folder.path)/run"), ("@USER@", geteuid() == 0 ? "user root;" : ""),
        ]
        var main = try TextFile.read("\(source)/local.conf")
        for (word, value) in words { main = Self.replacing(word, by: value, in: main) }
        try folder.write("nginx/nginx.conf", main)
        try folder.write("nginx/listen.conf", "listen 127.0.0.1:\(port);\n")
        self.port = port
        let home = "\(folder.path)/nginx"
        process = try ChildProcess(
            "nginx",
            ["-e", "stderr", "-p", home, "-c", "\(home)/nginx.conf"],
            environment: ["PATH": "/usr/sbin:/usr/bin:/bin"]
        )
    }

    private static func replacing(_ word: String, by value: String, in text: String) -> String {
        var result = ""
        var rest = Substring(text)
        while let start = rest.firstIndex(of: "@") {
            result += rest[..<start]
            rest = rest[start...]
            if rest.hasPrefix(word) {
                result += value
                rest = rest.dropFirst(word.count)
            } else {
                result.append(rest.removeFirst())
            }
        }
        return result + rest
    }
}
