import Core
import Model
import Postgres
import Segments
import TestKit

/// People with events, users and imports, and stored segments to build on: once in memory, once in the test's database.
struct SegmentWorld {
    static let app = AppID(high: 1, low: 1)
    /// Has the same people, with other events: none of them may count.
    static let otherApp = AppID(high: 1, low: 2)

    let now: Instant
    private(set) var people: [SegmentSubject] = []
    private(set) var users: [String?] = []
    /// What definitions may name: segments over conditions and each other, and the import segments.
    private(set) var sources: [SegmentDefinition.Source: SegmentVersion] = [:]

    init(size: Int, sources sourceCount: UInt64 = 6, with generator: inout SegmentGenerator) {
        now = generator.now
        for place in 0..<size {
            var person = generator.subject()
            person.endpointKey = EndpointIdentity(app: Self.app, id: Self.id(place)).key
            people.append(person)
            users.append(generator.chance(70) ? "user \(generator.below(size / 2))" : nil)
        }
        for place in people.indices {
            guard let user = users[place] else { continue }
            people[place].userEvents = people.indices.filter { users[$0] == user }.flatMap { people[$0].events }
        }
        for imported in SegmentGenerator.imports {
            let definition = SegmentDefinition.dimensions(.condition(.imported(imported)))
            sources[.init(id: imported)] = SegmentVersion(id: imported, version: 1, definition: definition)
        }
        for number in 0..<sourceCount {
            let id = SegmentID(high: 8, low: number)
            let definition = generator.definition(over: Array(sources.keys.sorted { $0.id < $1.id }))
            sources[.init(id: id)] = SegmentVersion(id: id, version: 1, definition: definition)
        }
    }

    static func id(_ place: Int) -> EndpointID { EndpointID("e\(place)") }

    /// A definition with its sources.
    func outline(_ generator: inout SegmentGenerator) throws -> SegmentOutline {
        let names = sources.keys.sorted { $0.id < $1.id }
        return try SegmentOutline.resolve(generator.definition(over: names), sources: sources)
    }

    // MARK: Its database

    func insert(into database: Database) async throws {
        try await database.execute("CREATE TABLE events_of_any_week PARTITION OF events DEFAULT")
        var statements: [SQL] = []
        for (place, person) in people.enumerated() {
            for app in [Self.app, Self.otherApp] { statements.append(endpoint(person, place, app: app)) }
            statements += person.events.map { event($0, of: person.endpointKey, app: Self.app) }
            let stranger = SegmentEvent(type: "purchase", at: now)
            statements.append(event(stranger, of: person.endpointKey, app: Self.otherApp))
            for segment in SegmentGenerator.imports {
                let app = person.importedInto.contains(segment) ? Self.app : Self.otherApp
                statements.append(
                    "INSERT INTO segment_members (app, segment, endpoint_key) VALUES (\(app), \(segment), \(person.endpointKey))"
                )
            }
        }
        let all =
            statements + [
                "INSERT INTO apps (id, account, name, settings_modified_at, created_at) VALUES (\(Self.app), '1', 'a', \(now), \(now))"
            ]
        _ = try await database.transaction { session in try await session.batch(all) }
    }

    private func bind(_ object: JSONObject) -> SQLBind { .jsonb(JSON.object(object).serialized) }

    private func endpoint(_ person: SegmentSubject, _ place: Int, app: AppID) -> SQL {
        """
        INSERT INTO endpoints (app, endpoint_key, external_id, channel_type, cohort, user_id, attributes, metrics,
                               user_attributes, demographic, location, effective_at, created_at)
        VALUES (\(app), \(person.endpointKey), \(Self.id(place)), \(person.channelType), \(Int16(person.cohort)),
                \(users[place]), \(bind(person.attributes)), \(bind(person.metrics)), \(bind(person.userAttributes)),
                \(bind(person.demographic)), \(bind(person.location)), \(person.effectiveAt), \(now))
        """
    }

    private func event(_ event: SegmentEvent, of key: Int64, app: AppID) -> SQL {
        let attributes = event.attributes.isEmpty ? SQLBind.null(.jsonb) : bind(event.attributes)
        let metrics = event.metrics.isEmpty ? SQLBind.null(.jsonb) : bind(event.metrics)
        return """
            INSERT INTO events (week, endpoint_key, id, app, type, at, received_at, attributes, metrics)
            VALUES (\(event.at.day.weekStart), \(key), gen_random_uuid(), \(app), \(event.type), \(event.at), \(event.at),
                    \(attributes), \(metrics))
            """
    }
}
