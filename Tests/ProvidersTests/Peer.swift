import TestKit

/// Programs of `Tests/peers` that say something and end.
enum Peer {
    static func run(_ name: String, _ arguments: [String]) async throws -> [String] {
        let process = try ChildProcess("python3", ["\(BuildPaths.repository)/Tests/peers/\(name)"] + arguments)
        let status = try await process.waitForExit()
        guard status == 0 else {
            throw TestKitError("\(name) ended with \(status): \(process.output.suffix(10).joined(separator: "\n"))")
        }
        return process.output
    }
}
