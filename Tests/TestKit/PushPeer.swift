package import Core

/// The push services' look-alikes over HTTP/2 (`Tests/peers/push_peer.py`), with the keys that they believe.
package final class PushPeer: Sendable {
    package let port: UInt16
    package let certificateAuthorityFile: String
    private let directory: ScratchDirectory
    private let process: ChildProcess

    private init(port: UInt16, authority: String, directory: ScratchDirectory, process: ChildProcess) {
        self.port = port
        certificateAuthorityFile = authority
        self.directory = directory
        self.process = process
    }

    package static func start() async throws -> PushPeer {
        let directory = try ScratchDirectory()
        let process = try ChildProcess(
            "python3", ["\(BuildPaths.repository)/Tests/peers/push_peer.py", directory.path])
        let words = try await process.waitForLine("port ").split(separator: " ").map(String.init)
        guard words.count == 4, let port = UInt16(words[1]) else {
            throw TestKitError("no port from push_peer.py: \(words)")
        }
        return PushPeer(port: port, authority: words[3], directory: directory, process: process)
    }

    package var url: String { "https://localhost:\(port)" }
    /// Where its keys are, and `calls`.
    package var folder: String { directory.path }

    /// One object per request, in order of arrival: `path`, `headers`, `body`, `connection`, `http`, `problem` where a check of the peer
    /// failed, `plaintext` of Web Push, `iat` of APNs.
    package func calls() throws -> [JSON] { try directory.lines(of: "calls").map { try JSON.parse($0) } }

    /// `apns.p8`, `service.json`, `vapid.pem`, `vapid.pub`.
    package func text(_ name: String) throws -> String { try directory.lines(of: name).joined(separator: "\n") }

    /// A browser's subscription whose service answers what `name` says.
    package func subscription(_ name: String) throws -> String {
        try text("subscription.json").replacing("NAME", with: name)
    }

    /// Settings and secrets in one, by the kind of provider.
    package func credentials(_ kind: String) throws -> JSONObject {
        switch kind {
        case "apns":
            [
                "Url": .string(url), "BundleId": "com.example.app", "TeamId": "TEAM123456", "TokenKeyId": "KEY1234567",
                "TokenKey": .string(try text("apns.p8")),
            ]
        case "fcm": ["Url": .string(url), "ServiceJson": .string(try text("service.json"))]
        case "webpush":
            [
                "Subject": "mailto:ops@example.com", "PrivateKey": .string(try text("vapid.pem")),
                "PublicKey": .string(try text("vapid.pub")),
            ]
        case "adm": ["Url": .string(url), "ClientId": "client", "ClientSecret": "secret"]
        case _: ["Url": .string(url), "ApiKey": "key", "SecretKey": "secret"]
        }
    }
}
