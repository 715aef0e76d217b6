import Core
import PinpointAPI
import Testing

@testable import Model

@Suite struct CampaignRecurrenceTests {
    private func instant(_ text: String) throws -> Instant { try #require(ISO8601.parse(text)) }

    private func list(_ recurrence: CampaignRecurrence, from: Instant, _ limit: Int) -> [String] {
        var found: [String] = []
        var from = from
        while found.count < limit, let next = recurrence.next(notBefore: from) {
            found.append(String(next.description.prefix(16)))
            from = next + .microseconds(1)
        }
        return found
    }

    @Test(arguments: [
        (1, ["2024-02-28T22:30", "2024-02-28T23:30", "2024-02-29T00:30"]),
        (24, ["2024-02-28T22:30", "2024-02-29T22:30", "2024-03-01T22:30"]),
        (168, ["2024-02-28T22:30", "2024-03-06T22:30", "2024-03-13T22:30"]),
    ])
    func `hours, days and weeks are counted from the first`(hours: Int, expected: [String]) throws {
        let first = try instant("2024-02-28T22:30:00Z")
        #expect(list(CampaignRecurrence(.hours(hours), first: first), from: first, 3) == expected)
    }

    @Test func `a month that lacks the day ends on its last, and the next has the day again`() throws {
        let first = try instant("2023-12-31T09:00:00Z")
        #expect(
            list(CampaignRecurrence(.month, first: first), from: first, 5) == [
                "2023-12-31T09:00", "2024-01-31T09:00", "2024-02-29T09:00", "2024-03-31T09:00", "2024-04-30T09:00",
            ])
    }

    @Test func `nothing is at or after the end`() throws {
        let first = try instant("2024-01-01T09:00:00Z")
        let recurrence = CampaignRecurrence(.hours(24), first: first, end: try instant("2024-01-03T09:00:00Z"))
        #expect(list(recurrence, from: first, 9) == ["2024-01-01T09:00", "2024-01-02T09:00"])
        let (later, last) = (try instant("2025-01-01T00:00:00Z"), try instant("2024-01-02T09:00:00Z"))
        #expect(recurrence.last(notAfter: later) == last)
        #expect(recurrence.last(notAfter: first - .microseconds(1)) == nil)
    }

    @Test func `a month is one of the clock that the schedule goes by`() throws {
        // On that clock it is the 1st already, or still the 31st.
        let first = try instant("2024-01-31T23:00:00Z")
        let east = CampaignRecurrence(.month, first: first, clockMinutes: 120)
        #expect(list(east, from: first, 3) == ["2024-01-31T23:00", "2024-02-29T23:00", "2024-03-31T23:00"])
        let west = CampaignRecurrence(.month, first: try instant("2024-02-01T01:00:00Z"), clockMinutes: -120)
        #expect(list(west, from: first, 3) == ["2024-02-01T01:00", "2024-03-01T01:00", "2024-04-01T01:00"])
        #expect(west.next(notBefore: try instant("2024-05-01T00:30:00Z")) == (try instant("2024-05-01T01:00:00Z")))
    }

    /// Walking and jumping find the same occurrences, wherever one asks from.
    @Test(arguments: [CampaignRecurrence.Period.hours(1), .hours(24), .hours(168), .month], [0, 330, -660, 840])
    func `next and last agree with a walk from the first`(period: CampaignRecurrence.Period, clock: Int) throws {
        let first = try instant("2023-10-31T23:59:59.999Z")
        let recurrence = CampaignRecurrence(period, first: first, clockMinutes: clock)
        var walk = [first]
        while walk.count < 60, let next = recurrence.next(notBefore: walk[walk.count - 1] + .microseconds(1)) {
            walk.append(next)
        }
        try #require(walk.count == 60)
        for (index, occurrence) in walk.enumerated() {
            #expect(recurrence.next(notBefore: occurrence) == occurrence)
            #expect(recurrence.last(notAfter: occurrence) == occurrence)
            #expect(recurrence.count(from: first, to: occurrence) == index + 1)
            guard index > 0 else { continue }
            #expect(recurrence.next(notBefore: walk[index - 1] + .microseconds(1)) == occurrence)
            #expect(recurrence.last(notAfter: occurrence - .microseconds(1)) == walk[index - 1])
        }
    }

    // MARK: What a scheduler finds

    /// A daily campaign of nine o'clock, found at `now`.
    private func due(_ now: String, since: String = "2024-01-01T09:00:00Z") throws -> DueOccurrences {
        let first = try instant("2024-01-01T09:00:00Z")
        return DueOccurrences(
            due: try instant(since), frequency: .daily, recurrence: CampaignRecurrence(.hours(24), first: first),
            writtenAt: first, now: try instant(now))
    }

    @Test func `an occurrence runs up to six hours late`() throws {
        let (first, next) = (try instant("2024-01-01T09:00:00Z"), try instant("2024-01-02T09:00:00Z"))
        for now in ["2024-01-01T09:00:00Z", "2024-01-01T15:00:00Z"] {
            #expect(try due(now) == DueOccurrences(run: first, next: next))
        }
        let chosen = try due("2024-01-01T15:00:01Z")
        #expect(chosen == DueOccurrences(missed: .init(last: first, count: 1), next: next))
    }

    @Test func `of several that were missed the last one runs when it is in time, and the others are told`() throws {
        let (third, fourth) = (try instant("2024-01-03T09:00:00Z"), try instant("2024-01-04T09:00:00Z"))
        let second = try instant("2024-01-02T09:00:00Z")
        #expect(
            try due("2024-01-03T10:00:00Z")
                == DueOccurrences(run: third, missed: .init(last: second, count: 2), next: fourth))
        #expect(
            try due("2024-01-03T20:00:00Z") == DueOccurrences(missed: .init(last: third, count: 3), next: fourth))
    }

    @Test func `a single run is as late as it was when it was chosen`() throws {
        let (due, written) = (try instant("2024-01-01T09:00:00Z"), try instant("2024-02-01T09:00:00Z"))
        func found(_ now: String) throws -> DueOccurrences {
            DueOccurrences(due: due, frequency: .once, recurrence: nil, writtenAt: written, now: try instant(now))
        }
        #expect(try found("2024-02-01T15:00:00Z") == DueOccurrences(run: due))
        #expect(try found("2024-02-01T15:00:01Z") == DueOccurrences(missed: .init(last: due, count: 1)))
    }
}
