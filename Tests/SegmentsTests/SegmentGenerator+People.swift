import Core
import Segments
import TestKit

// MARK: People

extension SegmentGenerator {
    mutating func subject() -> SegmentSubject {
        SegmentSubject(
            endpointKey: Int64(bitPattern: random.next()),
            cohort: below(100),
            channelType: chance(90) ? one(of: ["EMAIL", "GCM", "SMS", "APNS"]) : nil,
            attributes: attributes(),
            userAttributes: attributes(),
            metrics: metrics(),
            demographic: texts(["AppVersion", "DeviceType", "Make", "Model", "Platform"], Self.values),
            location: location(),
            effectiveAt: time(),
            events: events(),
            importedInto: Set(Self.imports.filter { _ in chance(40) })
        )
    }

    /// At the edges of windows, and between them.
    private mutating func time() -> Instant {
        let edge = now.windowStart(days: one(of: Self.windows))
        return switch below(8) {
        case 0: edge
        case 1: edge - .microseconds(1)
        case 2: edge + .microseconds(1)
        case 3: now
        case 4: now + .seconds(60)
        case 5: now - .seconds(below(4) * 3600)
        case _: now - .seconds(below(40 * 24) * 3600)
        }
    }

    /// Often two at one time, or exactly as long after each other as sequences allow.
    private mutating func events() -> [SegmentEvent] {
        var events: [SegmentEvent] = []
        for _ in 0..<below(9) {
            var at = time()
            if let last = events.last, chance(50) { at = last.at + one(of: Self.steps) }
            var attributes: [JSONObject.Member] = []
            for name in Self.eventNames where chance(50) {
                attributes.append(.init(key: name, value: .string(one(of: Self.eventValues))))
            }
            var metrics: [JSONObject.Member] = []
            for name in Self.eventNames where chance(50) {
                metrics.append(.init(key: name, value: .double(one(of: Self.numbers))))
            }
            events.append(
                SegmentEvent(
                    type: one(of: Self.types),
                    at: at,
                    attributes: JSONObject(uniqueMembers: attributes),
                    metrics: JSONObject(uniqueMembers: metrics)
                )
            )
        }
        return events
    }

    private mutating func attributes() -> JSONObject {
        var members: [JSONObject.Member] = []
        for name in Self.names where chance(40) {
            let list = some(of: chance(40) ? Self.values : Self.dates + Self.notDates + Self.days + Self.days)
            members.append(.init(key: name, value: .array(list.map(JSON.string))))
        }
        return JSONObject(uniqueMembers: members)
    }

    private mutating func metrics() -> JSONObject {
        var members: [JSONObject.Member] = []
        for name in Self.names where chance(60) {
            members.append(.init(key: name, value: .double(one(of: Self.numbers))))
        }
        return JSONObject(uniqueMembers: members)
    }

    private mutating func texts(_ names: [String], _ values: [String]) -> JSONObject {
        var members: [JSONObject.Member] = []
        for name in names where chance(60) { members.append(.init(key: name, value: .string(one(of: values)))) }
        return JSONObject(uniqueMembers: members)
    }

    private mutating func location() -> JSONObject {
        var object = texts(["Country"], ["DE", "USA", "FR", ""])
        let place = one(of: Self.places)
        if chance(70) { object["Latitude"] = .double(place.latitude) }
        if chance(90) { object["Longitude"] = .double(place.longitude) }
        return object
    }
}
