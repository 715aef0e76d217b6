import Core
import Postgres
import TestKit
import Testing

@Suite(.emptyDatabase) struct ListenerTests {
    @Test func `a notification wakes who waits, and a killed backend is survived`() async throws {
        let test = try TestDatabase.current
        let listener = Listener(test.database, channels: ["jobs"])
        listener.start()
        // The first hint says that the connection stands.
        #expect(await listener.next(timeout: .seconds(10)))
        try await notifiedOnce(listener, test)

        let killed = try await test.database.execute(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND query LIKE 'LISTEN%'
            """
        )
        #expect(killed == 1)
        #expect(await listener.next(timeout: .seconds(10)))
        try await notifiedOnce(listener, test)
        listener.close()
        #expect(await listener.next(timeout: .seconds(10)) == false)
    }

    private func notifiedOnce(_ listener: Listener, _ test: TestDatabase) async throws {
        #expect(await listener.next(timeout: .milliseconds(1)) == false)
        try await test.database.execute("SELECT pg_notify('jobs', '')")
        #expect(await listener.next(timeout: .seconds(10)))
    }

    @Test func `a wait ends with its time or its task`() async throws {
        let test = try TestDatabase.current
        let listener = Listener(test.database, channels: ["jobs"])
        #expect(await listener.next(timeout: .milliseconds(5)) == false)
        let waiting = Task { await listener.next(timeout: .seconds(60)) }
        waiting.cancel()
        #expect(await waiting.value == false)
        listener.close()
    }
}
