import Core
import Glibc

/// nginx under `up`: the shipped configuration with this home's folders and port in it.
struct Gateway: Sendable {
    let home: SuiteHome
    let port: Int

    private static let sharedFiles = ["gateway.conf", "routes.map", "errors.conf", "error-headers.conf"]

    /// Writes the configuration into the home; nginx reads nothing else.
    func prepare() throws {
        let source = try Repository.operationsFolder() + "/nginx"
        for name in Self.sharedFiles {
            guard let text = Files.read("\(source)/\(name)") else {
                throw Fault(.configuration, "cannot read \(source)/\(name)")
            }
            try Files.write(text, to: "\(home.gatewayFolder)/\(name)")
        }
        guard let main = Files.read("\(source)/local.conf") else {
            throw Fault(.configuration, "cannot read \(source)/local.conf")
        }
        let user = home.gatewayUser.map { "user \($0.name);" } ?? ""
        let words = ["@HOME@": home.path, "@RUN@": home.runFolder, "@USER@": user]
        try Files.write(Self.replacing(words, in: main), to: home.gatewayFolder + "/nginx.conf")
        try Files.write("listen 127.0.0.1:\(port);\n", to: home.gatewayFolder + "/listen.conf")
    }

    func launch() throws -> ChildProcess.Launch {
        guard let nginx = Files.program("nginx") else {
            throw Fault(.configuration, "nginx is not installed: run make setup")
        }
        return ChildProcess.Launch(
            arguments: [nginx, "-e", "stderr", "-p", home.gatewayFolder, "-c", home.gatewayFolder + "/nginx.conf"],
            environment: ["PATH": "/usr/bin:/bin"],
            logFile: home.log(of: "nginx")
        )
    }

    static func replacing(_ words: [String: String], in text: String) -> String {
        var result = ""
        var rest = Substring(text)
        while let start = rest.firstIndex(of: "@") {
            result += rest[..<start]
            rest = rest[start...]
            if let (word, value) = words.first(where: { rest.hasPrefix($0.key) }) {
                result += value
                rest = rest.dropFirst(word.count)
            } else {
                result.append(rest.removeFirst())
            }
        }
        return result + rest
    }
}
