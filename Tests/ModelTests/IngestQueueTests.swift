import Core
import Crypto
import EventLoop
import Model
import PinpointAPI
import Postgres
import Runtime
import TestKit
import Testing

/// The group commit without HTTP: what happens to a request when its neighbours, the database or the queue misbehave.
@Suite(.database) struct IngestQueueTests {
    private let app = AppID(high: 1, low: 2)

    private func request(
        _ key: String, type: String = "x", endpoint: String? = nil, of app: AppID? = nil
    ) throws -> IngestRequest {
        let body = """
            {"BatchItem":{"\(endpoint ?? key)":{"Endpoint":{\(endpoint == nil ? "" : "\"ChannelType\":\"SMS\"")},
            "Events":{"\(key)":{"EventType":"\(type)","Timestamp":"1998-07-01T00:00:00Z"}}}}}
            """
        let now = try TestDatabase.current.environment.now()
        return try PutEventsReader.read(Array(body.utf8), app: app ?? self.app, now: now).request
    }

    private func create(_ app: AppID) async throws {
        let test = try TestDatabase.current
        let now = test.environment.now()
        try await test.database.execute(
            """
            INSERT INTO apps (id, account, name, settings_modified_at, created_at)
            VALUES (\(app), '123456789012', 'test', \(now), \(now))
                ON CONFLICT DO NOTHING
            """)
    }

    /// With the app in place.
    private func writer(_ database: Database? = nil) async throws -> IngestWriter {
        try await create(app)
        let test = try TestDatabase.current
        return IngestWriter(
            database: database ?? test.database, partitions: Partitions(test.database, retention: EventRules.retention),
            hasher: SuppressionHasher(masterKey: try MasterKey(bytes: [UInt8](repeating: 7, count: 32))),
            metrics: Metrics())
    }

    private func stored() async throws -> [String] {
        try await TestDatabase.current.database.query("SELECT type FROM events ORDER BY type").map { try $0.get(0) }
    }

    @Test func `a request that the database refuses fails alone`() async throws {
        let database = try TestDatabase.current.database
        try await database.execute(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN IF NEW.type = 'poison' THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$
            """)
        try await database.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION refuse()")
        let requests = try ["a", "b", "poison", "c"].map { try request($0, type: $0, endpoint: "e-\($0)") }
        let results = try await writer().commit(requests)
        #expect(results.map { (try? $0.get()) != nil } == [true, true, false, true])
        #expect(try await stored() == ["a", "b", "c"])
        let endpoints = try await database.query("SELECT count(*) FROM endpoints WHERE external_id = 'e-poison'")
        #expect(try endpoints[0].get(0) == 0, "nothing of the refused request is stored")
    }

    @Test func `requests of a deleted app are refused, and what came with them is stored`() async throws {
        let database = try TestDatabase.current.database
        let (gone, purged) = (AppID(high: 3, low: 4), AppID(high: 5, low: 6))
        try await create(gone)
        try await database.execute("UPDATE apps SET deleted_at = created_at WHERE id = \(gone)")
        let requests = [
            try request("a", type: "a"), try request("b", type: "b", endpoint: "e-b", of: gone),
            try request("c", type: "c", endpoint: "e-c"), try request("d", type: "d", of: purged),
        ]
        // The second time every event has come before.
        for _ in 1...2 {
            let results = try await writer().commit(requests)
            for (place, result) in results.enumerated() {
                switch result {
                case .success: #expect(place == 0 || place == 2)
                case .failure(let error):
                    #expect(place == 1 || place == 3)
                    #expect((error as? APIError)?.message == "Application not found")
                }
            }
            #expect(results.count == 4)
            #expect(try await stored() == ["a", "c"])
        }
        for result in try await writer().commit([requests[1], requests[3]]) {
            #expect(throws: APIError.self) { try result.get() }
        }
        let kept = try await database.query("SELECT external_id FROM endpoints")
        #expect(try kept.map { try $0.get(0) as String } == ["e-c"])
        #expect(try await database.query("SELECT DISTINCT app FROM change_log")[0].get(0) as AppID == app)
    }

    @Test func `two writers that make the same endpoint at the same time both succeed`() async throws {
        let (first, second) = (try await writer(), try await writer())
        for round in 0..<10 {
            async let left = first.commit([try request("l\(round)", endpoint: "e\(round)")])
            async let right = second.commit([try request("r\(round)", endpoint: "e\(round)")])
            for result in try await left + right { #expect(throws: Never.self) { try result.get() } }
        }
        let database = try TestDatabase.current.database
        #expect(try await database.query("SELECT count(*) FROM endpoints")[0].get(0) == 10)
        #expect(try await database.query("SELECT count(*) FROM events")[0].get(0) == 20)
    }

    @Test func `a repeated event in a batch leaves its neighbours and the counts right`() async throws {
        let writer = try await writer()
        _ = await writer.commit([try request("a", type: "a")])
        let results = await writer.commit([
            try request("a", type: "a"), try request("b", type: "b"), try request("b", type: "b"),
        ])
        for result in results { #expect(throws: Never.self) { try result.get() } }
        #expect(try await stored() == ["a", "b"])
        let counted = try await TestDatabase.current.database.query(
            "SELECT sum((d->>'n')::int) FROM change_log, jsonb_array_elements(deltas) d")
        #expect(try counted[0].get(0) == 2)
    }

    @Test func `two ids with one key are refused, never merged`() async throws {
        let test = try TestDatabase.current
        let writer = try await writer()
        _ = await writer.commit([try request("a", endpoint: "first")])
        // As if the hash of "second" were that of "first".
        let key = EndpointIdentity(app: app, id: "second").key
        try await test.database.execute("UPDATE endpoints SET endpoint_key = \(key)")
        let outcome = try #require(await writer.commit([try request("b", endpoint: "second")]).first).get()
        #expect(outcome.firstRefusal?.status == 500)
        let rows = try await test.database.query("SELECT external_id FROM endpoints")
        #expect(try rows.map { try $0.get(0) as String } == ["first"])
    }

    @Test func `a full queue refuses at once, and takes requests again when it has emptied`() async throws {
        let test = try TestDatabase.current
        var bounds = IngestQueue.Bounds()
        bounds.waitingRows = 2
        let queue = IngestQueue(writer: try await writer(), loop: test.loop, bounds: bounds)
        let requests = try (0..<4).map { try request("k\($0)") }
        // No lane yet: the first two wait, the others are refused.
        async let first = queue.submit(requests[0])
        async let second = queue.submit(requests[1])
        try await eventually { queue.waitingRequests == 2 }
        await #expect(throws: IngestQueue.Overload.self) { try await queue.submit(requests[2]) }
        let lane = Task(executorPreference: test.loop) { await queue.runLane() }
        _ = try await (first, second)
        _ = try await queue.submit(requests[3])
        lane.cancel()
        await lane.value
        #expect(try await stored().count == 3)
        await #expect(throws: Fault.self) { try await queue.submit(requests[2]) }
    }

    @Test func `requests of one moment share a commit`() async throws {
        let test = try TestDatabase.current
        let queue = IngestQueue(writer: try await writer(), loop: test.loop)
        let lanes = (0..<2).map { _ in Task(executorPreference: test.loop) { await queue.runLane() } }
        let requests = try (0..<50).map { try request("k\($0)") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for request in requests {
                group.addTask(executorPreference: test.loop) { _ = try await queue.submit(request) }
            }
            try await group.waitForAll()
        }
        for lane in lanes { lane.cancel() }
        for lane in lanes { await lane.value }
        #expect(try await stored().count == 50)
        let commits: Int = try await test.database.query("SELECT count(*) FROM change_log")[0].get(0)
        #expect(commits <= 5, "\(commits) commits for 50 requests")
    }
}
