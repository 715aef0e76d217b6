package import Core

/// A receiver of campaign hooks and of Lambda's Invoke (`Tests/peers/hook_peer.py`), whose behaviour is the path or the
/// function's name.
package final class HookPeer: Sendable {
    package static let account = "123456789012"
    package static let key = (id: "NTKLAMBDA234567ABCDE", secret: "wJalrXUtnFEMIsK7MDENGsbPxRfiCYLAMBDAKEY")
    package static let sessionToken = "FwoGZXIvYXdzEXAMPLE//token=="

    /// Of TLS, with a certificate for `localhost`, `hooks.test` and 127.0.0.1.
    package let port: UInt16
    /// Of the same in the clear.
    package let plainPort: UInt16
    package let certificateAuthorityFile: String
    private let directory: ScratchDirectory
    private let process: ChildProcess

    private init(_ ports: (UInt16, UInt16), authority: String, directory: ScratchDirectory, process: ChildProcess) {
        (port, plainPort) = ports
        certificateAuthorityFile = authority
        self.directory = directory
        self.process = process
    }

    package static func start() async throws -> HookPeer {
        let directory = try ScratchDirectory()
        let process = try ChildProcess(
            "python3",
            [
                "\(BuildPaths.repository)/Tests/peers/hook_peer.py", directory.path, account, key.id, key.secret,
                sessionToken,
            ])
        let words = try await process.waitForLine("port ").split(separator: " ").map(String.init)
        guard words.count == 6, let port = UInt16(words[1]), let plain = UInt16(words[3]) else {
            throw TestKitError("no port from hook_peer.py: \(words)")
        }
        return HookPeer((port, plain), authority: words[5], directory: directory, process: process)
    }

    package var callsFile: String { "\(directory.path)/calls" }

    /// One object per request, in order of arrival: `method`, `path`, `headers`, `body`.
    package func calls() throws -> [JSON] {
        try directory.lines(of: "calls").map { try JSON.parse($0) }
    }
}
