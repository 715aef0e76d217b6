package import Core

/// An attribute whose value is a date, seen from today: "birthday in 3 days" is an anniversary from 3 to 3.
///
/// Days are UTC. A value is an instant as in `SegmentInstant`, or a day (`1998-07-01`); other texts pass no test, and one
/// value in the list that passes is enough.
package struct DateTest: Hashable, Sendable {
    package var owner: AttributeOwner
    package var name: String
    /// Days from today to the date, negative for the past; −`Limits.dateOffsetDays` … `Limits.dateOffsetDays`.
    package var fromDays: Int
    /// Inclusive; not before `fromDays`.
    package var toDays: Int
    /// Compares month and day only, whatever the years; 29 February is 28 February in a year that has none.
    package var isAnniversary: Bool

    package init(owner: AttributeOwner, name: String, fromDays: Int, toDays: Int, isAnniversary: Bool = false) {
        self.owner = owner
        self.name = name
        self.fromDays = fromDays
        self.toDays = toDays
        self.isAnniversary = isAnniversary
    }

    /// The days that pass when the year counts.
    package func days(from today: Day) -> ClosedRange<Day> { (today + fromDays)...(today + toDays) }

    /// What passes when the year does not count: month × 100 + day, ascending. At most 366.
    package func anniversaries(from today: Day) -> [Int32] {
        // One more than a year holds every date.
        let last = min(toDays, fromDays + 366)
        var codes: Set<Int32> = []
        for offset in fromDays...last {
            let day = today + offset
            codes.insert(day.anniversary)
            if day.anniversary == 228, (day + 1).anniversary == 301 { codes.insert(229) }
        }
        return codes.sorted()
    }

    package func passes(_ day: Day, today: Day) -> Bool {
        isAnniversary ? anniversaries(from: today).contains(day.anniversary) : days(from: today).contains(day)
    }
}

extension Day {
    /// Month × 100 + day.
    package var anniversary: Int32 { Int32(civil.month * 100 + civil.day) }
}
