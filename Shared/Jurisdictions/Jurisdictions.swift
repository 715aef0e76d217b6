package import Core

/// What the law of where a person is asks of a marketing message: when it may come, how it must begin, what it must say of its
/// sender. Pure; the rules are rows of `ops/data`, compiled in. Not legal advice (ops/decisions/jurisdictions.md).
///
/// Most restrictive wins: where it is not known which region or clock somebody has, every rule they may be under must allow.
package struct Jurisdictions: Sendable {
    /// Compiled in. A broken table is a programmer's error, caught by a test over the same literals.
    package static let standard =
        (try? JurisdictionTables(
            places: JurisdictionData.places, quietHours: JurisdictionData.quietHours, labels: JurisdictionData.labels,
            senderLines: JurisdictionData.senderLines, senderTexts: JurisdictionData.senderTexts
        )).map { Jurisdictions($0, version: JurisdictionData.version) }
        ?? Jurisdictions(JurisdictionTables(), version: "none")

    /// Changes with every row: `2026-11-22-1113107f5c9e`.
    package let version: String
    package let quietHours: [QuietHours]
    let atlas: Atlas
    private let channelsWithHours: Set<Medium>
    private let labels: [JurisdictionTables.LabelRow]
    private let senders: [JurisdictionTables.SenderRow]
    private let texts: [String: [SenderLine: SenderLines.Text]]

    init(_ tables: JurisdictionTables, version: String) {
        self.version = version
        quietHours = tables.quietHours
        atlas = Atlas(tables.places)
        channelsWithHours = tables.quietHours.reduce(into: []) { $0.formUnion($1.channels) }
        labels = tables.labels
        senders = tables.senderLines
        var texts: [String: [SenderLine: SenderLines.Text]] = [:]
        for row in tables.senderTexts {
            let halves = row.text.split(separator: "{}", omittingEmptySubsequences: false)
            texts[row.language, default: [:]][row.line] = SenderLines.Text(
                before: String(halves[0]), after: String(halves[halves.count - 1]), present: row.present)
        }
        self.texts = texts
    }

    // MARK: When

    /// What the windows say of one message.
    package struct Ruling: Sendable, Equatable {
        package enum Verdict: Sendable, Equatable {
            case allowed
            /// The first instant that all rules allow.
            case notUntil(Instant)
            case refused
        }

        package var verdict: Verdict
        /// Ids of the rules that stand in the way, as the table orders them.
        package var rules: [String]
    }

    /// May a marketing message start at any instant from `now` to `now + lasting`? `offset` gives a zone's seconds east of UTC,
    /// nil for one it does not know. A zone of the table that the machine does not know refuses: silence must not open.
    package func ruling(
        on channel: Medium,
        to person: Whereabouts,
        defaultCountry: String?,
        now: Instant,
        lasting: Duration,
        offset: (_ zone: String, _ at: Instant) -> Int?
    ) -> Ruling {
        let clocks = clocks(on: channel, of: person, defaultCountry: defaultCountry, now: now, offset: offset)
        var standing: [Int] = []
        for clock in clocks where clock.earliest(from: now, lasting, offset) != now && standing.last != clock.rule {
            standing.append(clock.rule)
        }
        guard !standing.isEmpty else { return Ruling(verdict: .allowed, rules: []) }
        let rules = standing.map { quietHours[$0].id }
        guard !standing.contains(where: { quietHours[$0].action == .drop }),
            let open = Self.open(clocks, from: now, lasting, offset)
        else { return Ruling(verdict: .refused, rules: rules) }
        return Ruling(verdict: .notUntil(open), rules: rules)
    }

    /// Whether any rule closes `channel` anywhere; without one nothing need be known of a person.
    package func hasHours(on channel: Medium) -> Bool { channelsWithHours.contains(channel) }

    /// One rule on one clock that somebody may have.
    private struct Clock {
        let rule: Int
        let windows: LocalWindows
        let zone: String

        func earliest(
            from start: Instant, _ lasting: Duration, _ offset: (String, Instant) -> Int?
        ) -> Instant? {
            guard offset(zone, start) != nil else { return nil }
            return windows.earliest(from: start, lasting: lasting) { offset(zone, $0) ?? 0 }
        }
    }

    /// All clocks agree within this many turns or never: each turn is a step to some rule's next opening, of which two weeks
    /// have two a day and rule.
    private static let turns = 500

    private static func open(
        _ clocks: [Clock], from start: Instant, _ lasting: Duration, _ offset: (String, Instant) -> Int?
    ) -> Instant? {
        var at = start
        for _ in 0..<turns {
            var next = at
            for clock in clocks {
                guard let open = clock.earliest(from: next, lasting, offset) else { return nil }
                next = open
            }
            if next == at { return at }
            at = next
        }
        return nil
    }

    /// In the order of the table, so that a rule's clocks stand together.
    private func clocks(
        on channel: Medium, of person: Whereabouts, defaultCountry: String?, now: Instant,
        offset: (String, Instant) -> Int?
    ) -> [Clock] {
        var clocks: [Clock] = []
        let own = person.timeZone.flatMap { offset($0, now) == nil ? nil : $0 }
        for country in atlas.countries(of: person, fallback: defaultCountry) {
            let place = atlas.countries[country]
            let regions = atlas.regions(of: person, in: country)
            let anywhere = regions.isEmpty ? place.zones : regions.flatMap(\.zones)
            for (index, rule) in quietHours.enumerated()
            where rule.country == place.code && rule.applies(to: channel, at: now) {
                var zones = anywhere
                if let name = rule.region {
                    guard let region = regions.first(where: { $0.code == name }) else { continue }
                    zones = region.zones
                }
                for zone in own.map({ [$0] }) ?? Set(zones).sorted() {
                    clocks.append(Clock(rule: index, windows: rule.windows, zone: zone))
                }
            }
        }
        return clocks
    }

    // MARK: What

    /// Codes of the countries with rules that somebody may be in: what messages are compiled by.
    package func countries(of person: Whereabouts, defaultCountry: String?) -> [String] {
        atlas.countries(of: person, fallback: defaultCountry).map { atlas.countries[$0].code }
    }

    /// Whether any rule knows the country; nil for a text that names none.
    package func code(ofCountry text: String) -> String? {
        atlas.countries(of: Whereabouts(country: text), fallback: nil).first.map { atlas.countries[$0].code }
    }

    /// What a marketing message on `channel` to somebody in `country` must begin with.
    package func label(on channel: Medium, in country: String, at now: Instant) -> AdvertisingLabel? {
        labels.first { $0.country == country && Self.applies($0.channels, $0.since, channel, now) }?.label
    }

    /// What it must say of its sender.
    package func senderLines(on channel: Medium, in country: String, at now: Instant) -> SenderLines? {
        guard
            let row = senders.first(where: {
                $0.country == country && Self.applies($0.channels, $0.since, channel, now)
            })
        else { return nil }
        return SenderLines(id: row.id, lines: row.lines, texts: texts[row.language] ?? [:])
    }

    /// Countries whose law adds to a message's texts, by code.
    package func countriesWithTexts(on channel: Medium) -> [String] {
        let countries =
            labels.filter { $0.channels.contains(channel) }.map(\.country)
            + senders.filter { $0.channels.contains(channel) }.map(\.country)
        return Set(countries).sorted()
    }

    /// All labels, for warnings to authors who do not know yet where their readers are.
    package var allLabels: [AdvertisingLabel] { labels.map(\.label) }

    private static func applies(_ channels: Set<Medium>, _ since: Day?, _ channel: Medium, _ now: Instant) -> Bool {
        channels.contains(channel) && (since.map { now >= $0.start } ?? true)
    }
}
