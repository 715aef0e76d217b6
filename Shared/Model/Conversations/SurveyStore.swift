package import Core
import PinpointAPI
package import Postgres
package import Replies

/// A survey as it is stored.
package struct StoredSurvey: Sendable {
    package var id: HexID<Noun.Survey>
    package var content: SurveyDefinition
    package var createdAt: Instant
    package var modifiedAt: Instant
}

/// One person on the way through a survey.
package struct SurveySession: Sendable, Equatable {
    package enum Outcome: String, Sendable, CaseIterable {
        case finished = "FINISHED"
        /// Too many messages that were no answer.
        case givenUp = "GIVEN_UP"
        /// By an opt-out, another survey, or a person of ours.
        case stopped = "STOPPED"
        /// No answer for a week.
        case expired = "EXPIRED"
    }

    /// A message that comes later begins something new.
    package static let lifetime: Duration = .seconds(7 * 86_400)

    package var survey: HexID<Noun.Survey>
    package var conversation: ConversationID
    package var startedAt: Instant
    package var machine: SurveyMachine
    package var endedAt: Instant?
    package var outcome: Outcome?

    package init(
        survey: HexID<Noun.Survey>, conversation: ConversationID, startedAt: Instant, machine: SurveyMachine,
        endedAt: Instant? = nil, outcome: Outcome? = nil
    ) {
        self.survey = survey
        self.conversation = conversation
        self.startedAt = startedAt
        self.machine = machine
        self.endedAt = endedAt
        self.outcome = outcome
    }
}

/// The tables `surveys` and `survey_sessions`.
package enum SurveyStore {
    package static func put(
        _ app: AppID, _ id: HexID<Noun.Survey>, _ content: SurveyDefinition, now: Instant, in session: Session
    ) async throws {
        let rows = try await session.query(
            """
            INSERT INTO surveys (app, id, name, definition, created_at, modified_at)
            VALUES (\(app), \(id), \(content.name), \(SQLBind.jsonb(JSON.object(content.definition).serialized)), \(now), \(now))
            ON CONFLICT (app, id) DO UPDATE
               SET name = excluded.name, definition = excluded.definition, modified_at = excluded.modified_at
            RETURNING xmax = 0, (SELECT count(*) FROM surveys WHERE app = \(app))
            """)
        guard let row = rows.first else { throw Fault(.integrity, "a survey was not stored") }
        let isNew: Bool = try row.get(0)
        let others: Int = try row.get(1)
        guard !isNew || others < SurveyDefinition.perApp else {
            throw Fault(.invalid, "An app has at most \(SurveyDefinition.perApp) surveys")
        }
    }

    package static func find(
        _ app: AppID, _ id: HexID<Noun.Survey>, in session: Session
    ) async throws -> StoredSurvey? {
        let rows = try await session.query(
            "SELECT id, definition, created_at, modified_at FROM surveys WHERE app = \(app) AND id = \(id)")
        return try rows.first.map(stored)
    }

    /// Oldest first.
    package static func list(
        _ app: AppID, after: (at: Instant, id: HexID<Noun.Survey>)?, limit: Int, in session: Session
    ) async throws -> [StoredSurvey] {
        let start: SQL = after.map { "AND (created_at, id) > (\($0.at), \($0.id))" } ?? .empty
        return try await session.query(
            """
            SELECT id, definition, created_at, modified_at FROM surveys
             WHERE app = \(app) \(start) ORDER BY created_at, id LIMIT \(limit)
            """
        ).map(stored)
    }

    package static func delete(_ app: AppID, _ id: HexID<Noun.Survey>, in session: Session) async throws -> Bool {
        _ = try await session.execute("DELETE FROM survey_sessions WHERE app = \(app) AND survey = \(id)")
        return try await session.execute("DELETE FROM surveys WHERE app = \(app) AND id = \(id)") == 1
    }

    private static func stored(_ row: Row) throws -> StoredSurvey {
        do {
            return StoredSurvey(
                id: try row.get(0), content: try SurveyDefinition(try row.get(1)), createdAt: try row.get(2),
                modifiedAt: try row.get(3))
        } catch let error as APIError {
            throw Fault(.integrity, "A stored survey is not valid", cause: error)
        }
    }

    // MARK: Sessions

    /// The survey that a conversation is in.
    package static func running(
        _ app: AppID, _ conversation: ConversationID, in session: Session
    ) async throws -> SurveySession? {
        let rows = try await session.query(
            """
            SELECT survey, started_at, state FROM survey_sessions
             WHERE app = \(app) AND conversation = \(conversation) AND ended_at IS NULL
            """)
        return try rows.first.map { row in
            SurveySession(
                survey: try row.get(0), conversation: conversation, startedAt: try row.get(1),
                machine: SurveyMachine(json: try row.get(2)))
        }
    }

    package static func save(_ app: AppID, _ session: SurveySession, in database: Session) async throws {
        try await database.execute(
            """
            INSERT INTO survey_sessions (app, survey, conversation, started_at, state, ended_at, outcome)
            VALUES (\(app), \(session.survey), \(session.conversation), \(session.startedAt),
                    \(SQLBind.jsonb(session.machine.json.serialized)), \(session.endedAt), \(session.outcome?.rawValue))
            ON CONFLICT (app, survey, conversation, started_at) DO UPDATE
               SET state = excluded.state, ended_at = excluded.ended_at, outcome = excluded.outcome
            """)
    }

    /// Ends what a conversation is in, if it is in anything.
    package static func stop(
        _ app: AppID, _ conversation: ConversationID, _ outcome: SurveySession.Outcome, now: Instant,
        in session: Session
    ) async throws {
        try await session.execute(
            """
            UPDATE survey_sessions SET ended_at = \(now), outcome = \(outcome.rawValue)
             WHERE app = \(app) AND conversation = \(conversation) AND ended_at IS NULL
            """)
    }

    // MARK: Results

    package struct Results: Sendable {
        package var started = 0
        package var running = 0
        /// By outcome.
        package var outcomes: [String: Int] = [:]
        /// Question, answer, how often; the 1,000 most frequent.
        package var answers: [(question: String, value: String, count: Int)] = []
    }

    package static func results(
        _ app: AppID, _ survey: HexID<Noun.Survey>, in session: Session
    ) async throws -> Results {
        let rows = try await session.batch([
            """
            SELECT coalesce(outcome, ''), count(*) FROM survey_sessions
             WHERE app = \(app) AND survey = \(survey) GROUP BY 1
            """,
            """
            SELECT a->>'q', a->>'v', count(*)
              FROM survey_sessions s CROSS JOIN LATERAL jsonb_array_elements(s.state->'answers') AS a
             WHERE s.app = \(app) AND s.survey = \(survey) AND a ? 'v'
             GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 1000
            """,
        ])
        var results = Results()
        for row in rows[0] {
            let (outcome, count): (String, Int) = (try row.get(0), try row.get(1))
            results.started += count
            if outcome.isEmpty { results.running = count } else { results.outcomes[outcome] = count }
        }
        results.answers = try rows[1].map { (try $0.get(0), try $0.get(1), try $0.get(2)) }
        return results
    }
}

extension SurveyMachine {
    var json: JSON {
        var object: JSONObject = [
            "reprompts": .integer(Int64(reprompts)),
            "answers": .array(
                answers.map { answer in
                    var object: JSONObject = ["q": .string(answer.question)]
                    if let value = answer.value { object["v"] = .string(value) }
                    return .object(object)
                }),
        ]
        if let question { object["question"] = .string(question) }
        return .object(object)
    }

    init(json: JSON) {
        self.init(
            question: json["question"]?.string, reprompts: json["reprompts"]?.int ?? 0,
            answers: (json["answers"]?.array ?? []).compactMap { item in
                item["q"]?.string.map { Answer(question: $0, value: item["v"]?.string) }
            })
    }
}
