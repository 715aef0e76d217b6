import Core
import Delivery
import Model
import Postgres
import Queue
import TestKit
import Testing

@Suite(.database) struct LostAnswerTests {
    let fixture: DeliveryFixture

    init() throws {
        fixture = try DeliveryFixture()
    }

    @Test func `a backend that dies between windows costs nothing and doubles nothing`() async throws {
        try await fixture.start(fixture.plan(), endpoints: 12)
        let admin = try TestDatabase.current.makeDatabase(poolSize: 1)
        // While the provider works, every connection of the worker is killed.
        let channel = ScriptedChannel(beforeAnswer: {
            do {
                try await admin.execute(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE datname = current_database() AND pid <> pg_backend_pid()
                    """
                )
            } catch {
                Issue.record(error)
            }
        })
        let job = try #require(try await fixture.take())
        try await fixture.delivery(channel).run(job, HeldLease(terms: fixture.lease))
        await admin.close()
        #expect(try await fixture.sheet()?.total(.accepted) == 12)
        #expect(channel.handedOver.values.allSatisfy { $0 == 1 })
        #expect(try await fixture.violations().isEmpty)
    }

    @Test func `a window that is already open is not opened twice, and its outcomes not booked twice`() async throws {
        try await fixture.start(fixture.plan(), endpoints: 4)
        let job = try #require(try await fixture.take())
        #expect(try await !fixture.database.query(Progress.open(job, done: 0, fired: 2, lease: fixture.lease)).isEmpty)
        #expect(try await fixture.database.query(Progress.open(job, done: 0, fired: 2, lease: fixture.lease)).isEmpty)
        #expect(
            try await !fixture.database.query(Progress.confirm(job, done: 0, fired: 2, lease: fixture.lease)).isEmpty)
        #expect(
            try await fixture.database.query(Progress.confirm(job, done: 0, fired: 4, lease: fixture.lease)).isEmpty)
    }

    /// The window before ended early, so the next one ends where it did.
    @Test func `a window that goes on where one ended early is not opened twice`() async throws {
        try await fixture.start(fixture.plan(), endpoints: 4)
        let job = try #require(try await fixture.take())
        #expect(try await moves(Progress.open(job, done: 0, fired: 4, lease: fixture.lease)))
        #expect(try await moves(Progress.open(job, done: 2, fired: 4, after: 4, lease: fixture.lease)))
        #expect(try await !moves(Progress.open(job, done: 2, fired: 4, after: 4, lease: fixture.lease)))
        #expect(try await moves(Progress.confirm(job, done: 2, fired: 4, lease: fixture.lease)))
    }

    @Test func `a window is not recorded twice`() async throws {
        try await fixture.start(fixture.plan(), endpoints: 4)
        let job = try #require(try await fixture.take())
        #expect(try await moves(Progress.open(job, done: 0, fired: 2, lease: fixture.lease)))
        #expect(try await moves(Progress.record(job, done: 2, fired: 2, lease: fixture.lease)))
        #expect(try await !moves(Progress.record(job, done: 2, fired: 2, lease: fixture.lease)))
        #expect(try await moves(Progress.confirm(job, done: 2, fired: 2, lease: fixture.lease)))
        #expect(try await moves(Progress.open(job, done: 2, fired: 4, lease: fixture.lease)))
    }

    private func moves(_ statement: SQL) async throws -> Bool {
        try await !fixture.database.query(statement).isEmpty
    }
}
