import Columns
import Core
import Model
import Postgres
import Segments

/// One way to find a segment's members in a world. All must say the same.
protocol SegmentVoice: Sendable {
    var name: String { get }
    /// Places in `world.people`, ascending.
    func members(of outline: SegmentOutline, in world: SegmentWorld) async throws -> [Int]
}

struct EvaluatorVoice: SegmentVoice {
    let name = "the evaluator"

    func members(of outline: SegmentOutline, in world: SegmentWorld) -> [Int] {
        let expression = outline.expression
        return world.people.indices.filter {
            SegmentEvaluator.matches(expression, world.people[$0], now: world.now)
        }
    }
}

struct ExplanationVoice: SegmentVoice {
    let name = "the explanation"

    func members(of outline: SegmentOutline, in world: SegmentWorld) -> [Int] {
        world.people.indices.filter { SegmentExplanation(outline, world.people[$0], now: world.now).matches }
    }
}

/// The explanation of what is loaded for one person at a time.
struct LoadedExplanationVoice: SegmentVoice {
    let name = "the explanation of a loaded person"
    let database: Database

    func members(of outline: SegmentOutline, in world: SegmentWorld) async throws -> [Int] {
        let expression = outline.expression
        return try await database.withSession { session in
            var members: [Int] = []
            for place in world.people.indices {
                let subject = try await SegmentSubjectLoader.load(
                    SegmentWorld.app,
                    SegmentWorld.id(place),
                    for: expression,
                    now: world.now,
                    in: session
                )
                if let subject, SegmentExplanation(outline, subject, now: world.now).matches { members.append(place) }
            }
            return members
        }
    }
}

struct SQLVoice: SegmentVoice {
    let name = "the SQL"
    let database: Database

    func members(of outline: SegmentOutline, in world: SegmentWorld) async throws -> [Int] {
        let predicate = SegmentCompiler.predicate(
            ResolvedSegment(expression: outline.expression),
            app: SegmentWorld.app,
            now: world.now
        )
        let rows = try await database.query("SELECT e.endpoint_key FROM endpoints AS e WHERE \(predicate)")
        let keys = try Set(rows.map { try $0.get(0) as Int64 })
        return world.people.indices.filter { keys.contains(world.people[$0].endpointKey) }
    }
}

/// The column index over the same people; silent about what it does not hold.
struct IndexVoice {
    private let index: ColumnIndex

    init(_ world: SegmentWorld) {
        let start = world.now.windowStart(days: 366)
        var index = ColumnIndex(eventsFrom: start)
        index.upsert(
            world.people.map { person in
                func text(_ object: JSONObject) -> [UInt8] { JSON.object(object).serialized }
                return ColumnRow(
                    key: person.endpointKey,
                    cohort: person.cohort,
                    channelType: person.channelType,
                    effectiveAt: person.effectiveAt,
                    isReachable: true,
                    attributes: text(person.attributes),
                    userAttributes: text(person.userAttributes),
                    metrics: text(person.metrics),
                    demographic: text(person.demographic),
                    location: text(person.location),
                    importedInto: Array(person.importedInto)
                )
            })
        for person in world.people {
            let events = person.events.filter { $0.at >= start }
            index.replaceEvents(
                of: [person.endpointKey], from: start, to: start + .seconds(3650 * 86_400),
                with: events.map { ColumnEvent(key: person.endpointKey, type: $0.type, at: $0.at) })
        }
        self.index = index
    }

    func members(of outline: SegmentOutline, in world: SegmentWorld) -> [Int]? {
        guard let keys = index.keys(outline.expression, now: world.now) else { return nil }
        let found = Set(keys)
        return world.people.indices.filter { found.contains(world.people[$0].endpointKey) }
    }
}
