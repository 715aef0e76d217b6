import Core
import Delivery
import PinpointAPI
import Runtime
import TestKit

@testable import Model

/// A campaign with a random schedule, run on a virtual clock for one person in every zone: the schedule's own code decides what
/// is due, the gate's own code what goes; schedulers and workers are away at random.
struct ScheduleSimulation {
    /// What came of it, so that a test can see that the cases it is about happened.
    struct Tally {
        var runs = 0
        var missed = 0
        var passed = 0
        var sent = 0
        var quiet = 0
        var capped = 0
        var expired = 0

        static func += (left: inout Tally, right: Tally) {
            left.runs += right.runs
            left.missed += right.missed
            left.passed += right.passed
            left.sent += right.sent
            left.quiet += right.quiet
            left.capped += right.capped
            left.expired += right.expired
        }
    }

    static let zones = ZoneInfo.names
    static let people: [Recipient] = zones.map { zone in
        var recipient = Recipient.sample
        recipient.demographic = JSON.object(["Timezone": .string(zone)]).serialized
        return recipient
    }

    let random: SeededRandom
    var wire: Schedule
    var schedule: CampaignSchedule
    let rules: RunRules
    let duration: Duration
    let writtenAt: Instant
    private(set) var tally = Tally()
    private(set) var violations: [String] = []
    /// Who was sent to for which occurrence.
    private var reached: Set<Reach> = []
    /// By person, when messages targeted them.
    private var counted: [[Instant]]

    init(seed: UInt64) throws {
        random = SeededRandom(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ 1)
        let made = Self.makeSchedule(random)
        wire = made.wire
        schedule = try CampaignSchedule(made.wire)
        writtenAt = made.writtenAt
        let minutes = (Int(random.next() % 1440), Int(random.next() % 1440))
        rules = RunRules(
            quietTime: random.isTrue(40) ? QuietWindow(start: minutes.0, end: minutes.1) : nil,
            caps: FrequencyCaps(
                campaignDaily: random.isTrue(30) ? 1 + Int(random.next() % 2) : 0,
                total: random.isTrue(30) ? 1 + Int(random.next() % 2) : 0))
        duration = random.isTrue(50) ? .seconds(86_400) : random.duration(upTo: .seconds(40 * 3600)) + .seconds(60)
        counted = [[Instant]](repeating: [], count: Self.zones.count)
    }

    // MARK: The campaign

    /// Wall times on nights when clocks change, on a leap day, at the end of months.
    private static let hard = [
        "2026-03-29T02:30:00Z", "2026-10-25T02:30:00Z", "2026-03-08T02:15:00Z", "2026-11-01T01:30:00Z",
        "2026-04-05T02:00:00Z", "2026-10-04T02:10:00Z", "2024-02-29T23:59:00Z", "2026-01-31T00:00:00Z",
        "2025-12-31T23:30:00Z",
    ]

    private static func makeSchedule(_ random: SeededRandom) -> (wire: Schedule, writtenAt: Instant) {
        let frequency = random.one(of: [Frequency.once, .hourly, .daily, .weekly, .monthly])
        let (zone, east) = random.one(of: [
            (nil as String?, 0), ("UTC", 0), ("UTC+05:30", 19_800), ("UTC-11", -39_600), ("UTC+13", 46_800),
            ("utc-03", -10_800),
        ])
        var wall = Instant(seconds: 1_735_689_600) + .seconds(60 * Int64(random.next() % (2 * 525_600)))
        if random.isTrue(30) { wall = ISO8601.parse(random.one(of: hard)) ?? wall }
        let start = wall - .seconds(east)
        let isLocal = random.isTrue(60)
        let isImmediate = random.isTrue(10)
        let end = random.isTrue(40) ? start + .seconds(600) + random.duration(upTo: .seconds(5 * 86_400)) : nil
        let writtenAt =
            random.isTrue(70)
            ? start - .seconds(14 * 3600) - random.duration(upTo: .seconds(3 * 86_400))
            : start - .seconds(20 * 3600) + random.duration(upTo: .seconds(40 * 3600))
        let wire = Schedule(
            endTime: end?.description, frequency: frequency, isLocalTime: isLocal,
            startTime: isImmediate ? CampaignSchedule.immediate : start.description, timezone: zone)
        return (wire, isImmediate ? start : writtenAt)
    }

    // MARK: The day of the schedulers

    /// One chunk in a worker's hands.
    private struct Delivery {
        var at: Instant
        var run: Run
        var people: [Int]
        var expires: Instant
    }

    private struct Run {
        var scheduledAt: Instant
        var startedAt: Instant
        var local: LocalRun?
    }

    private struct Reach: Hashable {
        var person: Int
        var occurrence: Instant
    }

    mutating func play() {
        let group = ScheduleGroup(treatments: [Arms.holdout, 0], schedule: schedule, path: .root)
        // An EndTime that leaves nothing to send is refused: no campaign.
        guard let start = try? CampaignStart(group, isPaused: false, history: .init(), now: writtenAt) else { return }
        let recurrence = start.first.flatMap { schedule.recurrence(first: $0) }
        var (now, next, last) = (writtenAt, start.dueAt, nil as Instant?)
        var deliveries: [Delivery] = []
        for _ in 0..<2 {
            guard let due = next else { break }
            now = max(now, due) + away(mostly: .seconds(20), atTimes: .seconds(3 * 3600), rarely: .seconds(4 * 86_400))
            let found = DueOccurrences(
                due: due, frequency: schedule.frequency, recurrence: recurrence, isLocal: schedule.isLocal,
                writtenAt: writtenAt, now: now)
            tally.missed += found.missed?.count ?? 0
            for occurrence in [found.missed?.last, found.run].compactMap({ $0 }) {
                if let last, occurrence <= last { violations.append("\(occurrence) comes after \(last)") }
                last = occurrence
                if let end = schedule.lastRun, occurrence >= end, schedule.frequency != .once {
                    violations.append("\(occurrence) is not before the end")
                }
            }
            if let occurrence = found.run { deliveries += plan(occurrence, startedAt: now) }
            next = found.next
        }
        for delivery in deliveries.sorted(by: { $0.at < $1.at }) { deliver(delivery) }
        checkCaps()
    }

    private func away(mostly: Duration, atTimes: Duration, rarely: Duration) -> Duration {
        switch random.next() % 10 {
        case 0: random.duration(upTo: rarely)
        case 1, 2: random.duration(upTo: atTimes)
        case _: random.duration(upTo: mostly)
        }
    }

    private mutating func plan(_ occurrence: Instant, startedAt: Instant) -> [Delivery] {
        tally.runs += 1
        var plan = RunPlan(
            account: "1", app: AppID(high: 1, low: 1), campaign: CampaignID(high: 1, low: 1), campaignVersion: 1,
            campaignName: "", run: RunID(high: 1, low: 1), runDay: startedAt.day, scheduledAt: occurrence,
            expiresAt: min(startedAt + duration, schedule.end ?? startedAt + duration), deliveryPolicy: .atMostOnce,
            holdoutPercent: 0, treatments: [], rules: rules)
        let initializing = RunStart.Initializing(
            app: plan.app, account: "1", run: plan.run, runDay: plan.runDay, campaign: plan.campaign,
            campaignVersion: 1, scheduledAt: occurrence, startedAt: startedAt, definition: [:], writtenAt: writtenAt)
        do {
            plan = try plan.scheduled(as: initializing, wire, lasting: duration)
        } catch {
            violations.append("\(error)")
        }
        let run = Run(scheduledAt: occurrence, startedAt: startedAt, local: plan.local)
        guard let local = plan.local else {
            let everybody = Array(Self.zones.indices)
            return [delivery(of: run, to: everybody, due: startedAt, expires: plan.expiresAt)]
        }
        let slots = LocalSlots(local, startedAt: startedAt, zones: Self.zones)
        if slots.zones != Self.zones { violations.append("zones are missing") }
        tally.passed += slots.numbers.count { $0 == LocalSlots.passed }
        let people = Dictionary(grouping: slots.numbers.indices) { slots.numbers[$0] }
        for person in people[LocalSlots.passed] ?? [] { checkPassed(person, run) }
        return slots.slots.map { slot in
            delivery(
                of: run, to: people[slot.number] ?? [], due: max(slot.due, startedAt),
                expires: min(slot.expires, plan.expiresAt))
        }
    }

    private func delivery(of run: Run, to people: [Int], due: Instant, expires: Instant) -> Delivery {
        let wait = away(mostly: .seconds(10), atTimes: .seconds(2 * 3600), rarely: .seconds(45 * 3600))
        return Delivery(at: due + wait, run: run, people: people, expires: expires)
    }

    // MARK: The worker

    private mutating func deliver(_ delivery: Delivery) {
        let now = delivery.at
        let intent = Gate.Intent(
            channels: ["EMAIL"], messageChannels: ["EMAIL"], campaign: CampaignID(high: 1, low: 1),
            expiresAt: delivery.expires)
        let clock = Gate.Clock(now: now) { ZoneInfo.offset(of: $0, at: $1) }
        for person in delivery.people {
            let daily = counted[person].count { $0 > now - .seconds(86_400) }
            let earlier = EarlierMessages(appDaily: daily, campaignDaily: daily, total: counted[person].count)
            let verdict = Gate.decide(
                intent, Gate.Person(Self.people[person], earlier: earlier), clock, Gate.Rules(rules))
            if verdict.counts { counted[person].append(now) }
            switch verdict.decision {
            case .send:
                tally.sent += 1
                checkSent(person, at: now, delivery.run)
            case .refuse(.suppressed, .quietTime): tally.quiet += 1
            case .refuse(.suppressed, .dailyCap), .refuse(.suppressed, .campaignCap): tally.capped += 1
            case .refuse(.expired, _): tally.expired += 1
            case .refuse, .defer: violations.append("\(Self.zones[person]) gets \(verdict)")
            }
        }
    }

    // MARK: What must hold, said anew

    private func shown(_ person: Int, at instant: Instant) -> WallTime {
        WallTime(instant, secondsEast: ZoneInfo.offset(of: Self.zones[person], at: instant) ?? 0)
    }

    private mutating func checkSent(_ person: Int, at now: Instant, _ run: Run) {
        let zone = Self.zones[person]
        if !reached.insert(Reach(person: person, occurrence: run.scheduledAt)).inserted {
            violations.append("\(zone) is sent to again for \(run.scheduledAt), at \(now)")
        }
        if let quiet = rules.quietTime {
            for moment in [now, now + .seconds(5), now + .seconds(10)] {
                let minute = Int(shown(person, at: moment).asUTC.seconds.flooredModulo(86_400) / 60)
                let isQuiet =
                    quiet.start <= quiet.end
                    ? minute >= quiet.start && minute <= quiet.end : minute >= quiet.start || minute <= quiet.end
                if isQuiet { violations.append("\(zone) is sent to in quiet time, at \(now)") }
            }
        }
        guard let local = run.local else {
            if now < run.scheduledAt { violations.append("\(zone) is sent to before \(run.scheduledAt), at \(now)") }
            if let end = schedule.end, now >= end { violations.append("\(zone) is sent to after the end, at \(now)") }
            if now >= run.startedAt + duration { violations.append("\(zone) is sent to after its duration, at \(now)") }
            return
        }
        // Clocks that were set back may show less; they did show the time in the two hours before.
        if !(0...120).contains(where: { shown(person, at: now - .seconds($0 * 60)) >= local.wall }) {
            violations.append("\(zone) is sent to before \(local.wall) there, at \(now)")
        }
        // A clock that skips the end shows more than it before the end has come.
        let skipped = shown(person, at: now).asUTC - shown(person, at: now - .seconds(10_800)).asUTC - .seconds(10_800)
        if let end = local.end, shown(person, at: now).asUTC - max(skipped, .zero) >= end.asUTC {
            violations.append("\(zone) is sent to after \(end) there, at \(now)")
        }
        if !(0...2).contains(where: { shown(person, at: now - duration - .seconds($0 * 3600)) < local.wall }) {
            violations.append("\(zone) is sent to later than \(duration) after \(local.wall) there, at \(now)")
        }
    }

    /// Nobody is left out whose clock shows the time only after the run started.
    private mutating func checkPassed(_ person: Int, _ run: Run) {
        guard let local = run.local, shown(person, at: run.startedAt - .seconds(1)) < local.wall,
            shown(person, at: run.startedAt + .seconds(7200)) >= local.wall
        else { return }
        violations.append("\(Self.zones[person]) is left out before \(local.wall) there, at \(run.startedAt)")
    }

    private mutating func checkCaps() {
        for (person, times) in counted.enumerated() {
            if rules.caps.total > 0, times.count > rules.caps.total {
                violations.append("\(Self.zones[person]) has \(times.count) messages")
            }
            guard rules.caps.campaignDaily > 0 else { continue }
            for time in times {
                let daily = times.count { $0 <= time && $0 > time - .seconds(86_400) }
                if daily > rules.caps.campaignDaily {
                    violations.append("\(Self.zones[person]) has \(daily) messages in the day before \(time)")
                }
            }
        }
    }
}

extension SeededRandom {
    fileprivate func isTrue(_ percent: UInt64) -> Bool { next() % 100 < percent }

    fileprivate func one<Value>(of values: [Value]) -> Value { values[Int(next() % UInt64(values.count))] }

    /// Whole seconds.
    fileprivate func duration(upTo limit: Duration) -> Duration {
        .seconds(Int64(next() % UInt64(limit.components.seconds + 1)))
    }
}
