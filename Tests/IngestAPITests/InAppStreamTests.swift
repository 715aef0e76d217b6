import Access
import Core
import EventLoop
import Hosting
import Model
import Postgres
import TestKit
import Testing

@testable import IngestAPI

/// The live stream of in-app messages, over raw sockets.
@Suite(.database) struct InAppStreamTests {
    private typealias Fixture = InAppMessagesTests

    private func writeKey(_ ingest: RunningIngest) async throws -> (id: String, token: String) {
        let made = try await ingest.test.database.transaction { session in
            try await WriteKeyStore.create(
                WriteKeyRequest(name: nil, origins: []), app: ingest.app, account: RunningIngest.account,
                environment: ingest.context.environment, in: session)
        }
        let token = try #require(made).token
        return (try #require(APIKey(token)).id, token)
    }

    private func gold(_ ingest: RunningIngest) async throws {
        try await ingest.update(
            "a", ["ChannelType": "EMAIL", "Address": "a@example.com", "Attributes": ["tier": ["gold"]]])
    }

    private func open(
        _ ingest: RunningIngest, _ token: String, endpoint: String = "a", _ more: [String] = []
    ) throws -> EventStreamClient {
        try EventStreamClient(
            ingest.host, "\(ingest.path)/endpoints/\(endpoint)/inappmessages/stream",
            ["X-Needletail-Write-Key: \(token)"] + more)
    }

    @Test func `the list comes at once, and again when a campaign pauses, and when the person changes`() async throws {
        try await RunningIngest.run { ingest in
            let id = try await Fixture.prepare(ingest, Fixture.campaign())
            try await gold(ingest)
            let stream = try open(ingest, try await writeKey(ingest).token)
            try await eventually { stream.events.count == 1 }
            #expect(stream.received.contains("HTTP/1.1 200 OK\r\n"))
            #expect(stream.received.contains("Content-Type: text/event-stream; charset=utf-8\r\n"))
            #expect(stream.received.contains("X-Accel-Buffering: no\r\n"))
            let first = try JSON.parse(Array(stream.events[0].utf8))
            #expect(first["InAppMessageCampaigns"]?.array?.first?["CampaignId"]?.string == id.description)
            try await ingest.test.database.execute("UPDATE campaigns SET status = 'PAUSED'")
            try await eventually { stream.events.count == 2 }
            #expect(stream.events[1] == #"{"InAppMessageCampaigns":[]}"#)
            try await ingest.test.database.execute("UPDATE campaigns SET status = 'EXECUTING'")
            try await eventually { stream.events.count == 3 }
            #expect(stream.ids[2] == stream.ids[0])
            // Within a heartbeat: the campaigns are the same ones.
            try await ingest.update("a", ["Attributes": ["tier": ["tin"]]])
            try await eventually(within: .seconds(40)) { stream.events.count == 4 }
            #expect(stream.events[3] == #"{"InAppMessageCampaigns":[]}"#)
        }
    }

    @Test func `who comes back is told only what is new`() async throws {
        try await RunningIngest.run { ingest in
            _ = try await Fixture.prepare(ingest, Fixture.campaign())
            try await gold(ingest)
            let key = try await writeKey(ingest).token
            let first = try open(ingest, key)
            try await eventually { first.ids.count == 1 }
            let again = try open(ingest, key, ["Last-Event-ID: \(first.ids[0])"])
            try await eventually { again.read().contains(":\n\n") }
            #expect(again.events.isEmpty)
        }
    }

    @Test func `a revoked key ends its stream, and nobody else gets one`() async throws {
        try await RunningIngest.run { ingest in
            _ = try await Fixture.prepare(ingest, Fixture.campaign())
            try await gold(ingest)
            let key = try await writeKey(ingest)
            for (endpoint, token, status) in [("nobody", key.token, 404), ("a", "wk_none", 403)] {
                let refused = try open(ingest, token, endpoint: endpoint)
                try await eventually { refused.read().hasPrefix("HTTP/1.1 \(status) ") }
            }
            let stream = try open(ingest, key.token)
            try await eventually { stream.events.count == 1 }
            try await ingest.test.database.execute("DELETE FROM access_keys WHERE id = \(key.id)")
            try await eventually(within: .seconds(30)) { stream.read().hasSuffix("0\r\n\r\n") }
        }
    }

    @Test func `a drain ends open streams whole`() async throws {
        var stream: EventStreamClient?
        let began = MonotonicClock.now()
        try await RunningIngest.run { ingest in
            _ = try await Fixture.prepare(ingest, Fixture.campaign())
            try await gold(ingest)
            let opened = try open(ingest, try await writeKey(ingest).token)
            try await eventually { opened.events.count == 1 }
            stream = opened
        }
        let ended = try #require(stream)
        #expect(ended.read().hasSuffix("0\r\n\r\n"), "with its last chunk, not cut after the grace of 10 s")
        #expect(MonotonicClock.now() - began < 60_000_000)
    }

    @Test func `streams are bounded for the process and for each app`() {
        let streams = InAppStreams(limit: 3, limitPerApp: 2)
        let (one, two) = (AppID(high: 1, low: 1), AppID(high: 2, low: 2))
        #expect(streams.enter(one) && streams.enter(one))
        #expect(!streams.enter(one) && !streams.hasRoom(for: one))
        #expect(streams.enter(two) && !streams.enter(two))
        streams.leave(one)
        #expect(streams.hasRoom(for: one) && streams.hasRoom(for: two))
    }
}
