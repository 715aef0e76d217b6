package import Core

/// A receiver of custom messages (`Tests/peers/webhook_peer.py`), whose behaviour is the path.
package final class WebhookPeer: Sendable {
    package static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    package static let previousSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"

    package let certificateAuthorityFile: String
    private let port: UInt16
    private let directory: ScratchDirectory
    private let process: ChildProcess

    private init(_ port: UInt16, authority: String, directory: ScratchDirectory, process: ChildProcess) {
        self.port = port
        certificateAuthorityFile = authority
        self.directory = directory
        self.process = process
    }

    package static func start() async throws -> WebhookPeer {
        let directory = try ScratchDirectory()
        let process = try ChildProcess(
            "python3",
            ["\(BuildPaths.repository)/Tests/peers/webhook_peer.py", directory.path, secret, previousSecret])
        let words = try await process.waitForLine("port ").split(separator: " ").map(String.init)
        guard words.count == 4, let port = UInt16(words[1]) else {
            throw TestKitError("no port from webhook_peer.py: \(words)")
        }
        return WebhookPeer(port, authority: words[3], directory: directory, process: process)
    }

    package func url(_ behaviour: String) -> String { "https://127.0.0.1:\(port)/\(behaviour)" }

    /// One object per POST, in order of arrival: `path`, `headers` (lower case), `endpoints`, `verified` (by `secret`,
    /// `previousSecret`), `status`, `isNew`, `body`.
    package func calls() throws -> [JSON] {
        try directory.lines(of: "calls").map { try JSON.parse($0) }
    }
}
