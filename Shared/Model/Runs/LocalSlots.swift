package import Core
import Runtime

/// The zones of a run in local time, by when they are due: a slot is 1 + minutes from the run's first moment, rounded up, so that
/// nobody is reached before their time. Zones of one slot are sent to together.
package struct LocalSlots: Sendable, Equatable {
    /// For people of a zone whose time has passed.
    package static let passed: Int16 = 0

    package struct Slot: Sendable, Equatable {
        package var number: Int16
        package var due: Instant
        /// The earliest of its zones.
        package var expires: Instant
    }

    /// Sorted by name; `numbers` has each one's slot.
    package var zones: [String] = []
    package var numbers: [Int16] = []
    /// Ascending.
    package var slots: [Slot] = []

    /// Some 600 zones, from the files of the machine: not on the loop.
    package init(_ run: LocalRun, startedAt: Instant, zones names: [String] = ZoneInfo.names) {
        var slots: [Int16: Slot] = [:]
        for zone in names {
            guard let turn = run.turn(of: zone, startedAt: startedAt) else { continue }
            zones.append(zone)
            switch turn {
            case .passed: numbers.append(Self.passed)
            case .due(let due, let expires):
                let slot = Self.slot(due: due, expires: expires, from: run.firstMoment)
                numbers.append(slot.number)
                let known = slots[slot.number] ?? slot
                slots[slot.number] = Slot(number: slot.number, due: slot.due, expires: min(known.expires, expires))
            }
        }
        self.slots = slots.values.sorted { $0.number < $1.number }
    }

    private static func slot(due: Instant, expires: Instant, from first: Instant) -> Slot {
        let minutes = max(0, -(-(due - first).microseconds).flooredDivision(by: 60_000_000))
        let number = Int16(clamping: minutes + 1)
        return Slot(number: number, due: first + .seconds(60 * (Int64(number) - 1)), expires: expires)
    }
}
