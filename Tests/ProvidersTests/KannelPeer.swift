import Core
import Model
import TestKit

@testable import Providers

/// A real Kannel (`Tests/peers/kannel_peer.py`), whose calls to us a scripted server takes.
final class KannelPeer: Sendable {
    enum Carrier: String {
        /// Kannel's own fakesmsc, which takes everything.
        case fake
        /// An SMPP carrier that does by a number's last digit.
        case smpp
    }

    let callbacks: ScriptedHTTP
    let setup: ProviderSetup
    private let directory: ScratchDirectory
    private let process: ChildProcess

    private init(
        _ callbacks: ScriptedHTTP, _ setup: ProviderSetup, _ directory: ScratchDirectory, _ process: ChildProcess
    ) {
        self.callbacks = callbacks
        self.setup = setup
        self.directory = directory
        self.process = process
    }

    deinit { process.terminate() }

    /// `messages`: what people send, once all is up.
    static func start(_ carrier: Carrier, _ messages: [String] = [], settings: JSONObject = [:]) async throws
        -> KannelPeer
    {
        let callbacks = try ScriptedHTTP.start { _ in .reply(status: 200) }
        let directory = try ScratchDirectory()
        let first = KannelFixture.setup(["CallbackUrl": .string(callbacks.url)])
        let process = try ChildProcess(
            "python3",
            [
                "\(BuildPaths.repository)/Tests/peers/kannel_peer.py", directory.path,
                try KannelCallbacks(first).messagesURL, carrier.rawValue,
            ] + messages)
        let ready = try await process.waitForLine("ready sendsms", within: .seconds(60))
        var own: JSONObject = ["CallbackUrl": .string(callbacks.url)]
        own["Url"] = .string("http://127.0.0.1:\(ready.split(separator: " ").last ?? "0")")
        for member in settings.members { own[member.key] = member.value }
        return KannelPeer(callbacks, KannelFixture.setup(own), directory, process)
    }

    /// What reached the carrier.
    var carried: [String] { process.output.values(after: "smsc") }

    /// What the calls that came are read as; each has to be believed.
    func events() throws -> [InboundEvent] {
        let inbound = KannelInbound(try KannelCallbacks(setup))
        return try callbacks.calls.flatMap { call in
            let inboundCall = KannelFixture.call(call.target, base: callbacks.url)
            try inbound.verify(inboundCall)
            return try inbound.events(in: inboundCall)
        }
    }

    func receipts(_ reference: String) throws -> [Receipt] {
        try events().compactMap { event in
            if case .receipt(let receipt) = event, receipt.reference == reference { receipt } else { nil }
        }
    }

    func replies() throws -> [Reply] {
        try events().compactMap { event in
            if case .reply(let reply) = event { reply } else { nil }
        }
    }
}

extension [String] {
    /// The rest of the lines that begin with `word`.
    fileprivate func values(after word: String) -> [String] {
        filter { $0.hasPrefix("\(word) ") }.map { String($0.dropFirst(word.count + 1)) }
    }
}

enum KannelFixture {
    static let settings: JSONObject = ["Username": "pin", "Url": "http://127.0.0.1:13013"]

    static func setup(_ more: JSONObject = [:], password: String = "sesame") -> ProviderSetup {
        var settings = settings
        for member in more.members { settings[member.key] = member.value }
        return ProviderSetup(
            app: AppID(high: 1, low: 1), channelType: "SMS",
            provider: StoredProvider(
                id: ProviderID(high: 5, low: 5), name: "gateway", kind: "kannel", settings: settings,
                secrets: ["Password": .string(password), "CallbackSecret": "callbacks"]),
            publicURL: "https://n.example.com")
    }

    static func call(_ target: String, base: String = "https://n.example.com") -> InboundCall {
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        return InboundCall(
            method: "GET", what: parts[0].split(separator: "/").last.map(String.init) ?? "", url: base + target,
            query: parts.count > 1 ? parts[1] : "", body: [], receivedAt: Instant(seconds: 1_780_000_000))
    }
}
