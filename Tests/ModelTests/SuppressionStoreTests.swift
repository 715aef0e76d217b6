import Core
import Crypto
import EventLoop
import Model
import Postgres
import TestKit
import Testing

@Suite struct FoldedAddressTests {
    @Test(arguments: [
        (" Jo.Doe@Example.COM ", "EMAIL", "jo.doe@example.com"),
        ("Jo Doe <Jo.Doe@example.com>", "EMAIL", "jo.doe@example.com"),
        ("ÄRGER@Example.com", "EMAIL", "ärger@example.com"),
        ("+49 (170) 123-45", "SMS", "4917012345"),
        ("004917012345", "VOICE", "4917012345"),
        (" AbC ", "APNS", "AbC"),
        ("", "EMAIL", ""),
        ("   ", "SMS", ""),
    ])
    func `spellings of one address fold to one`(address: String, channel: String, folded: String) {
        #expect(FoldedAddress.fold(address, channel: channel) == folded)
    }
}

@Suite(.database) struct SuppressionStoreTests {
    private let app = AppID(1)
    private let now = Instant(seconds: 899_251_200)

    private func hasher(_ byte: UInt8 = 7) throws -> SuppressionHasher {
        SuppressionHasher(masterKey: try MasterKey(bytes: [UInt8](repeating: byte, count: 32)))
    }

    @Test func `hashes differ by app, channel, address and key, not by spelling`() throws {
        let hasher = try hasher()
        let hash = hasher.hash("jo@example.com", channel: "EMAIL", app: app)
        #expect(hash == hasher.hash(" JO@example.com", channel: "EMAIL", app: app))
        let others = [
            hasher.hash("jo@example.com", channel: "EMAIL", app: AppID(2)),
            hasher.hash("jo@example.com", channel: "CUSTOM", app: app),
            hasher.hash("jo2@example.com", channel: "EMAIL", app: app),
            try self.hasher(8).hash("jo@example.com", channel: "EMAIL", app: app),
        ]
        #expect(!others.contains(hash))
    }

    @Test func `the first reason stays until the entry is removed`() async throws {
        let database = try TestDatabase.current.database
        let (app, now) = (app, now)
        let hasher = try hasher()
        let hash = hasher.hash("jo@example.com", channel: "EMAIL", app: app)
        let other = hasher.hash("ann@example.com", channel: "EMAIL", app: app)
        try await database.transaction { session in
            let first = try await SuppressionStore.add(
                app, channel: "EMAIL", hash: hash, reason: .complaint, source: ["run": "r"], now: now, in: session)
            let second = try await SuppressionStore.add(
                app, channel: "EMAIL", hash: hash, reason: .unsubscribe, now: now, in: session)
            let found = try await SuppressionStore.suppressed(app, channel: "EMAIL", among: [other, hash], in: session)
            let bySMS = try await SuppressionStore.suppressed(app, channel: "SMS", among: [hash], in: session)
            let elsewhere = try await SuppressionStore.suppressed(
                AppID(2), channel: "EMAIL", among: [hash], in: session)
            let none = try await SuppressionStore.suppressed(app, channel: "EMAIL", among: [], in: session)
            #expect(first && !second)
            #expect(found == [hash: .complaint])
            #expect(bySMS.isEmpty && elsewhere.isEmpty && none.isEmpty)
        }
        try await database.transaction { session in
            let first = try await SuppressionStore.remove(app, channel: "EMAIL", hash: hash, now: now, in: session)
            let second = try await SuppressionStore.remove(app, channel: "EMAIL", hash: hash, now: now, in: session)
            let found = try await SuppressionStore.suppressed(app, channel: "EMAIL", among: [hash], in: session)
            #expect(first && !second && found.isEmpty)
        }
    }

    @Test func `a table of suppressions names nobody`() async throws {
        let database = try TestDatabase.current.database
        let (app, now) = (app, now)
        let hash = try hasher().hash("jo@example.com", channel: "EMAIL", app: app)
        try await database.transaction { session in
            _ = try await SuppressionStore.add(
                app, channel: "EMAIL", hash: hash, reason: .manual, now: now, in: session)
        }
        let text: String = try await database.query("SELECT suppressions::text FROM suppressions")[0].get(0)
        #expect(!text.contains("jo") && !text.contains("example"))
    }
}
