package import Core
import PinpointAPI
package import Postgres

/// Everything that is held on one person, as one JSON document, written as it is read: a page at a time in memory.
///
/// Reads page by page without one snapshot: what changes meanwhile may be in it or not.
package struct PersonExport {
    /// Takes the next bytes of the document.
    package typealias Sink = (_ bytes: [UInt8]) throws -> Void

    private static let page = 1000

    private let app: AppID
    private let subject: PersonSubject
    private let database: Database
    private let sink: Sink

    package init(_ subject: PersonSubject, of app: AppID, in database: Database, to sink: @escaping Sink) {
        self.app = app
        self.subject = subject
        self.database = database
        self.sink = sink
    }

    /// Number of endpoints in it.
    package func write(at now: Instant) async throws -> Int {
        let endpoints = try await database.query(
            """
            SELECT \(Endpoint.columns)
              FROM endpoints e
             WHERE e.app = \(app) AND \(subject.condition(app))
             ORDER BY e.created_at, e.external_id
            """
        ).map(Endpoint.init)
        var ids = Dictionary(uniqueKeysWithValues: endpoints.map { ($0.key, $0.id.rawValue) })
        // An endpoint that is gone may have left events.
        if case .endpoint(let id) = subject { ids[EndpointIdentity(app: app, id: id).key] = id.rawValue }
        let document = ExportDocument(sink: sink)
        document.open(["ApplicationId": .string(app.description), "ExportedAt": .string(now.description)])
        try document.section("Endpoints", endpoints.map { try $0.response.json })
        try await writeUsers(endpoints, document)
        try await writeSuppressions(endpoints, document)
        try document.section("ImportSegments", try await importSegments(ids))
        try await writeSends(ids, at: now, document)
        try await writeCounted(ids, document)
        try await writeEvents(ids, document)
        try await writeInbox(endpoints, document)
        try document.close()
        return endpoints.count
    }

    // MARK: Who

    private func writeUsers(_ endpoints: [Endpoint], _ document: ExportDocument) async throws {
        var users = Set(endpoints.compactMap(\.userID))
        if case .user(let user) = subject { users.insert(user.rawValue) }
        let rows = try await database.query(
            """
            SELECT user_id, attributes, modified_at
              FROM users
             WHERE app = \(app) AND user_id = ANY (\(users.sorted()))
             ORDER BY user_id
            """
        )
        try document.section(
            "Users",
            rows.map { row in
                [
                    "UserId": .string(try row.get(0)), "UserAttributes": try row.get(1),
                    "LastModifiedDate": .string((try row.get(2) as Instant).description),
                ]
            })
        let merges = try await database.query(
            """
            SELECT e.external_id, m.from_user, m.to_user, m.at, m.undone_at
              FROM user_merges m
              JOIN endpoints e ON e.app = m.app AND e.endpoint_key = m.endpoint_key
             WHERE m.app = \(app)
               AND (m.endpoint_key = ANY (\(endpoints.map(\.key))) OR m.to_user = ANY (\(users.sorted()))
                    OR m.from_user = ANY (\(users.sorted())))
             ORDER BY m.id
            """
        )
        try document.section(
            "Merges",
            merges.map { row in
                let (from, undone): (String?, Instant?) = (try row.get(1), try row.get(4))
                return Self.object([
                    ("EndpointId", .string(try row.get(0))), ("FromUserId", from.map { .string($0) }),
                    ("ToUserId", .string(try row.get(2))), ("Date", .string((try row.get(3) as Instant).description)),
                    ("UndoneDate", undone.map { .string($0.description) }),
                ])
            })
    }

    private func writeSuppressions(_ endpoints: [Endpoint], _ document: ExportDocument) async throws {
        var addresses = endpoints.compactMap { endpoint in
            endpoint.addressHash.flatMap { hash in endpoint.channelType.map { (channel: $0, hash: hash) } }
        }
        if case .address(let channel, let hash) = subject { addresses.append((channel, hash)) }
        let rows = try await database.query(
            """
            SELECT DISTINCT x.channel, x.reason, x.source, x.created_at
              FROM unnest(\(addresses.map(\.channel)), \(SQLBind.bytesArray(addresses.map(\.hash)))) AS w (channel, hash)
              JOIN suppressions x ON x.app = \(app) AND x.channel = w.channel AND x.address_hash = w.hash
            """
        )
        try document.section(
            "Suppressions",
            rows.map { row in
                [
                    "ChannelType": .string(try row.get(0)), "Reason": .string(try row.get(1)), "Source": try row.get(2),
                    "Date": .string((try row.get(3) as Instant).description),
                ]
            })
    }

    private func importSegments(_ ids: [Int64: String]) async throws -> [JSON] {
        let rows = try await database.query(
            """
            SELECT DISTINCT segment
              FROM segment_members
             WHERE app = \(app) AND endpoint_key = ANY (\(ids.keys.sorted()))
             ORDER BY 1
            """
        )
        return try rows.map { .string((try $0.get(0) as SegmentID).description) }
    }

    // MARK: What was sent

    private func writeSends(_ ids: [Int64: String], at now: Instant, _ document: ExportDocument) async throws {
        document.begin("Sends")
        for (key, id) in ids.sorted(by: { $0.key < $1.key }) {
            let runs = try await database.query(
                LedgerPseudonym.runs(with: key, of: app, until: now + .seconds(86_400)))
            for run in runs {
                let (run, day): (RunID, Day) = (try run.get(0), try run.get(1))
                for send in try await sends(to: key, id, run: run, day: day) { try document.item(send) }
            }
        }
        document.end()
        let engagements = try await database.query(
            """
            SELECT g.endpoint_key, g.run, g.type, g.treatment, g.first_at, g.n
              FROM runs r
              JOIN engagements g ON g.app = r.app AND g.run = r.id AND g.endpoint_key = ANY (\(ids.keys.sorted()))
             WHERE r.app = \(app)
             ORDER BY g.first_at
            """
        )
        try document.section(
            "Engagements",
            engagements.map { row in
                [
                    "EndpointId": .string(ids[try row.get(0)] ?? ""),
                    "RunId": .string((try row.get(1) as RunID).description), "Type": .string(try row.get(2)),
                    "TreatmentId": .string(try row.get(3)),
                    "FirstDate": .string((try row.get(4) as Instant).description), "Count": .integer(try row.get(5)),
                ]
            })
    }

    /// What stands for frequency caps: messages that were to reach the endpoint, sent or not.
    private func writeCounted(_ ids: [Int64: String], _ document: ExportDocument) async throws {
        let rows = try await database.query(CapReservations.list(app, ids.keys.sorted()))
        try document.section(
            "CountedMessages",
            rows.map { row in
                [
                    "EndpointId": .string(ids[try row.get(0)] ?? ""),
                    "CampaignId": .string((try row.get(1) as CampaignID).description),
                    "RunId": .string((try row.get(2) as RunID).description),
                    "Date": .string((try row.get(3) as Instant).description),
                ]
            })
    }

    private func sends(to key: Int64, _ id: String, run: RunID, day: Day) async throws -> [JSON] {
        try await database.query(
            """
            SELECT r.campaign, o.treatment, o.outcome, o.reason, o.provider_ref, o.at
              FROM send_outcomes o
              JOIN runs r ON r.app = o.app AND r.id = o.run
             WHERE o.run_day = \(day) AND o.endpoint_key = \(key) AND o.app = \(app) AND o.run = \(run)
             ORDER BY o.at
            """
        ).map { row in
            let (treatment, state): (Int16, Int16) = (try row.get(1), try row.get(2))
            let (reason, reference): (String?, String?) = (try row.get(3), try row.get(4))
            return Self.object([
                ("EndpointId", .string(id)), ("CampaignId", .string((try row.get(0) as CampaignID).description)),
                ("RunId", .string(run.description)),
                ("TreatmentId", .string(treatment == Arms.holdout ? "HOLDOUT" : String(treatment))),
                ("Outcome", .string(TerminalState(rawValue: state)?.title ?? String(state))),
                ("Reason", reason.map { .string($0) }), ("ProviderReference", reference.map { .string($0) }),
                ("Date", .string((try row.get(5) as Instant).description)),
            ])
        }
    }

    // MARK: What was done

    private func writeEvents(_ ids: [Int64: String], _ document: ExportDocument) async throws {
        document.begin("Events")
        for (key, id) in ids.sorted(by: { $0.key < $1.key }) {
            let weeks = try await database.query(
                "SELECT DISTINCT week FROM events WHERE endpoint_key = \(key) AND app = \(app) ORDER BY week")
            for week in weeks { try await writeEvents(of: key, id, week: try week.get(0), document) }
        }
        document.end()
    }

    private func writeEvents(of key: Int64, _ id: String, week: Day, _ document: ExportDocument) async throws {
        var after: EventID?
        while true {
            let start: SQL = after.map { "AND id > \($0)" } ?? .empty
            let rows = try await database.query(
                """
                SELECT id, type, at, received_at, attributes, metrics, context
                  FROM events
                 WHERE week = \(week) AND endpoint_key = \(key) AND app = \(app) \(start)
                 ORDER BY id
                 LIMIT \(Self.page)
                """
            )
            for row in rows {
                let (attributes, metrics, context): (JSON?, JSON?, JSON?) = (
                    try row.get(4), try row.get(5), try row.get(6)
                )
                try document.item(
                    Self.object([
                        ("EndpointId", .string(id)), ("EventType", .string(try row.get(1))),
                        ("Timestamp", .string((try row.get(2) as Instant).description)),
                        ("ReceivedAt", .string((try row.get(3) as Instant).description)), ("Attributes", attributes),
                        ("Metrics", metrics), ("Context", context),
                    ]))
            }
            after = try rows.last?.get(0)
            if rows.count < Self.page { return }
        }
    }

    private func writeInbox(_ endpoints: [Endpoint], _ document: ExportDocument) async throws {
        document.begin("DevelopmentInbox")
        for address in Set(endpoints.compactMap(\.address)).sorted() {
            var before: Int64?
            while true {
                let entries = try await database.withSession { session in
                    try await DevInboxStore.list(recipient: address, before: before, limit: Self.page, in: session)
                }
                for entry in entries { try document.item(.object(entry.json)) }
                before = entries.last?.id
                if entries.count < Self.page { break }
            }
        }
        document.end()
    }

    private static func object(_ members: [(String, JSON?)]) -> JSON {
        .object(
            JSONObject(
                uniqueMembers: members.compactMap { name, value in
                    value.map { JSONObject.Member(key: name, value: $0) }
                }))
    }
}
