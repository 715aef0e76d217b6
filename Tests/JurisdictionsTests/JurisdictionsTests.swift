import Core
import Runtime
import Testing

@testable import Jurisdictions

@Suite struct JurisdictionsTests {
    private let law = Jurisdictions.standard

    private func instant(_ text: String) throws -> Instant { try #require(ISO8601.parse(text)) }

    private func ruling(
        _ channel: Medium, _ person: Whereabouts, _ now: String, defaultCountry: String? = nil,
        lasting: Duration = .seconds(10)
    ) throws -> Jurisdictions.Ruling {
        law.ruling(
            on: channel, to: person, defaultCountry: defaultCountry, now: try instant(now), lasting: lasting,
            offset: { ZoneInfo.offset(of: $0, at: $1) })
    }

    private func opening(_ channel: Medium, _ person: Whereabouts, _ now: String) throws -> String? {
        switch try ruling(channel, person, now).verdict {
        case .allowed: "now"
        case .notUntil(let instant): instant.description
        case .refused: nil
        }
    }

    // MARK: Korea

    @Test func `at night Korea gets no advertising text, call or push, but e-mail`() throws {
        let seoul = Whereabouts(country: "KR")
        // 23 November 2026, 22:30 in Seoul.
        for channel in [Medium.sms, .voice, .push, .custom] {
            let ruling = try ruling(channel, seoul, "2026-11-23T13:30:00Z")
            #expect(ruling == .init(verdict: .notUntil(try instant("2026-11-23T23:00:00Z")), rules: ["KR-NIGHT"]))
        }
        #expect(try ruling(.email, seoul, "2026-11-23T13:30:00Z") == .init(verdict: .allowed, rules: []))
        #expect(try opening(.sms, seoul, "2026-11-23T11:59:49Z") == "now")
        #expect(try opening(.sms, seoul, "2026-11-23T11:59:50Z") == "2026-11-23T23:00:00.000Z")
        #expect(try opening(.sms, seoul, "2026-11-23T23:00:00Z") == "now")
    }

    @Test(arguments: ["KR", "kr", "KOR", "Korea", " South  Korea ", "Republic of Korea", "대한민국"])
    func `a country is known by its codes and names`(country: String) throws {
        #expect(try opening(.sms, Whereabouts(country: country), "2026-11-23T13:30:00Z") != "now")
        #expect(law.code(ofCountry: country) == "KR")
        #expect(law.countries(of: Whereabouts(country: country), defaultCountry: nil) == ["KR"])
    }

    @Test func `a rule holds from its first day`() throws {
        #expect(try opening(.sms, Whereabouts(country: "KR"), "2014-11-28T13:30:00Z") == "now")
        #expect(try opening(.sms, Whereabouts(country: "KR"), "2014-11-29T13:30:00Z") != "now")
        #expect(law.label(on: .email, in: "KR", at: try instant("2014-11-28T13:30:00Z")) == nil)
    }

    // MARK: Where somebody is

    @Test func `without a country the number says it, then the clock, then the app`() throws {
        let night = "2026-11-23T13:30:00Z"
        #expect(try opening(.sms, Whereabouts(number: "+821012345678"), night) == "2026-11-23T23:00:00.000Z")
        #expect(try opening(.sms, Whereabouts(number: "01012345678"), night) == "now")
        #expect(try opening(.push, Whereabouts(timeZone: "Asia/Seoul"), night) == "2026-11-23T23:00:00.000Z")
        #expect(try opening(.push, Whereabouts(timeZone: "ROK"), night) == "2026-11-23T23:00:00.000Z")
        #expect(try ruling(.push, Whereabouts(), night, defaultCountry: "KOR").verdict != .allowed)
        #expect(try ruling(.push, Whereabouts(), night).verdict == .allowed)
        #expect(try ruling(.push, Whereabouts(), night, defaultCountry: "").verdict == .allowed)
        #expect(
            law.countries(of: Whereabouts(timeZone: "Europe/Berlin"), defaultCountry: "KR") == ["KR"],
            "a clock elsewhere is no country")
    }

    @Test func `a country or a number without rules has none, whatever else is said`() throws {
        let night = "2026-11-23T13:30:00Z"
        #expect(
            try ruling(
                .sms, Whereabouts(country: "DE", timeZone: "Asia/Seoul", number: "+8210"), night, defaultCountry: "KR"
            ).verdict == .allowed)
        #expect(
            try ruling(.sms, Whereabouts(timeZone: "Asia/Seoul", number: "+49301"), night, defaultCountry: "KR")
                .verdict == .allowed)
    }

    @Test func `a traveller's clock is what counts, and an unknown one is none`() throws {
        // 22:30 in Seoul is 08:30 in New York.
        let away = Whereabouts(country: "KR", timeZone: "America/New_York")
        #expect(try opening(.sms, away, "2026-11-23T13:30:00Z") == "now")
        let unknown = Whereabouts(country: "KR", timeZone: "Mars/Base")
        #expect(try opening(.sms, unknown, "2026-11-23T13:30:00Z") == "2026-11-23T23:00:00.000Z")
    }

    // MARK: United States

    @Test(arguments: [
        // Monday 23 November 2026; Eastern time is UTC−5, Central −6, Pacific −8.
        ("NY", "2026-11-23T12:59:00Z", "2026-11-23T13:00:00.000Z"), ("NY", "2026-11-24T01:30:00Z", "now"),
        ("FL", "2026-11-23T13:30:00Z", "2026-11-23T14:00:00.000Z"),
        ("Texas", "2026-11-23T14:30:00Z", "2026-11-23T16:00:00.000Z"),
        ("US-WA", "2026-11-24T03:59:00Z", "now"), ("washington", "2026-11-24T04:00:00Z", "2026-11-24T16:00:00.000Z"),
        ("RI", "2026-11-28T15:30:00Z", "now"), ("RI", "2026-11-28T22:00:00Z", "2026-11-30T14:00:00.000Z"),
        ("UT", "2026-11-29T18:00:00Z", "2026-11-30T15:00:00.000Z"),
        ("CT", "2026-11-23T13:30:00Z", "2026-11-23T14:00:00.000Z"),
        ("OK", "2026-11-24T01:30:00Z", "now"), ("KY", "2026-11-23T15:59:00Z", "2026-11-23T16:00:00.000Z"),
    ])
    func `texts keep the hours of the state, on all of its clocks`(row: (String, String, String)) throws {
        #expect(try opening(.sms, Whereabouts(country: "US", region: row.0), row.1) == row.2)
    }

    @Test func `a state with two clocks is open where both are, one's own clock narrows it`() throws {
        // 08:30 in Miami, 07:30 in Pensacola.
        let now = "2026-11-23T13:30:00Z"
        let florida = Whereabouts(country: "US", region: "FL")
        #expect(try opening(.sms, florida, now) == "2026-11-23T14:00:00.000Z")
        var miami = florida
        miami.timeZone = "America/New_York"
        #expect(try opening(.sms, miami, now) == "now")
    }

    @Test func `without a state every state's rules hold, and the clock says which states`() throws {
        let anywhere = try ruling(.sms, Whereabouts(country: "US"), "2026-11-27T23:30:00Z")
        // A Friday, 18:30 in the East: Rhode Island closes for the day, Kentucky's and Hawaii's are behind. On Saturday Rhode Island
        // is open to 17:00 EST and Hawaii from 08:00 HST, on Sunday others are closed.
        #expect(anywhere.rules.contains("US-RI"))
        #expect(anywhere.verdict == .notUntil(try instant("2026-11-28T18:00:00Z")))
        let california = try ruling(
            .sms, Whereabouts(country: "US", timeZone: "America/Los_Angeles"), "2026-11-24T04:30:00Z")
        // 20:30 Pacific: Washington and Oregon are closed, Rhode Island is elsewhere.
        #expect(california.rules == ["US-OR", "US-WA"] || Set(california.rules) == ["US-OR", "US-WA", "US-NV"])
    }

    @Test func `a number of the North American plan is in the States or in Canada`() throws {
        let person = Whereabouts(number: "+12125550100")
        #expect(law.countries(of: person, defaultCountry: nil) == ["US", "CA"])
        // Sunday, 13:00 in New York.
        let voice = try ruling(.voice, person, "2026-11-29T18:00:00Z")
        #expect(voice.rules.contains("CA-TELEMARKETING") && voice.rules.contains("US-UT"))
    }

    @Test func `every state opens within a week, for texts and for calls`() throws {
        let states = try #require(law.atlas.countries.first { $0.code == "US" }).regions
        for channel in [Medium.sms, .voice] {
            for region in states.map({ Optional($0.code) }) + [nil] {
                for hour in 0..<168 {
                    let now = try instant("2026-11-22T00:00:00Z") + .seconds(hour * 3600)
                    let ruling = law.ruling(
                        on: channel, to: Whereabouts(country: "US", region: region), defaultCountry: nil, now: now,
                        lasting: .seconds(10), offset: { ZoneInfo.offset(of: $0, at: $1) })
                    if case .notUntil(let open) = ruling.verdict { #expect(open - now <= .seconds(7 * 86_400)) }
                    #expect(ruling.verdict != .refused, "\(region ?? "anywhere") \(now)")
                }
            }
        }
    }

    /// For people about whom more or less is known: at every hour of the weeks around both clock changes, what is allowed or
    /// said to open is open by each rule on each clock they may have, for as long as asked.
    @Test func `no allowed instant is inside a forbidden interval`() throws {
        let people = [
            Whereabouts(country: "KR"), Whereabouts(country: "US"), Whereabouts(country: "US", region: "TX"),
            Whereabouts(country: "US", region: "RI"), Whereabouts(country: "US", region: "IN"),
            Whereabouts(country: "US", timeZone: "America/Chicago"), Whereabouts(number: "+15125550100"),
            Whereabouts(country: "FR"), Whereabouts(country: "IN"), Whereabouts(country: "CA"),
            Whereabouts(country: "US", region: "Nowhere", timeZone: "Europe/Paris"),
        ]
        for person in people {
            for start in ["2026-03-05T00:07:00Z", "2026-10-22T00:07:00Z"] {
                for hour in stride(from: 0, to: 24 * 14, by: 5) {
                    let now = try instant(start) + .seconds(hour * 3600)
                    try check(person, now)
                }
            }
        }
    }

    private func check(_ person: Whereabouts, _ now: Instant) throws {
        for channel in [Medium.sms, .voice] {
            let ruling = law.ruling(
                on: channel, to: person, defaultCountry: nil, now: now, lasting: .seconds(10),
                offset: { ZoneInfo.offset(of: $0, at: $1) })
            let open: Instant
            switch ruling.verdict {
            case .allowed: open = now
            case .notUntil(let instant): open = instant
            case .refused: continue
            }
            for (rule, zone) in possible(person, channel) {
                for second in [0, 5, 10] {
                    let moment = open + .seconds(second)
                    let offset = try #require(ZoneInfo.offset(of: zone, at: moment))
                    #expect(rule.windows.contains(moment, offset: offset), "\(rule.id) \(zone) \(moment)")
                }
            }
        }
    }

    /// Written apart from the code under test: rules and clocks by the tables alone.
    private func possible(_ person: Whereabouts, _ channel: Medium) -> [(QuietHours, String)] {
        let codes = person.country.map { [$0] } ?? ["US", "CA"]
        var possible: [(QuietHours, String)] = []
        for rule in law.quietHours where codes.contains(rule.country) && rule.channels.contains(channel) {
            guard let country = law.atlas.countries.first(where: { $0.code == rule.country }) else { continue }
            let known = country.regions.first { $0.code == person.region }
            if let known, let region = rule.region, region != known.code { continue }
            var zones = known?.zones ?? country.zones
            if let region = rule.region { zones = country.regions.first { $0.code == region }?.zones ?? [] }
            if let own = person.timeZone {
                let isInState = zones.contains(own)
                let isInCountry = country.zones.contains(own)
                if rule.region != nil && !isInState && isInCountry { continue }
                zones = [own]
            }
            possible += zones.map { (rule, $0) }
        }
        return possible
    }

    // MARK: Rules of one's own

    private func law(_ hours: String) throws -> Jurisdictions {
        let tables = try JurisdictionTables(
            places: "h\nXX\tXXX\t-\t-\tUTC\t-\t-", quietHours: "h\n" + hours, labels: "h", senderLines: "h",
            senderTexts: "h")
        return Jurisdictions(tables, version: "test")
    }

    private func hours(_ id: String, _ allowed: String, _ action: String = "defer") -> String {
        "\(id)\tXX\t-\tSMS\t\(allowed)\t\(action)\t-\ts\tu\ttext\t-\t-\n"
    }

    private func ask(_ law: Jurisdictions, knowing: Bool = true) throws -> Jurisdictions.Ruling {
        law.ruling(
            on: .sms, to: Whereabouts(country: "XX"), defaultCountry: nil, now: try instant("2026-11-23T12:00:00Z"),
            lasting: .seconds(10), offset: { _, _ in knowing ? 0 : nil })
    }

    @Test func `a rule that drops refuses, as do rules that never agree and a clock that the machine does not know`()
        throws
    {
        let drop = try law(hours("A", "Mon 08:00-09:00", "drop") + hours("B", "Mon-Sun 00:00-24:00"))
        #expect(try ask(drop) == .init(verdict: .refused, rules: ["A"]))
        let never = try law(hours("A", "Mon 08:00-09:00") + hours("B", "Tue 08:00-09:00"))
        #expect(try ask(never) == .init(verdict: .refused, rules: ["A", "B"]))
        let whole = try law(hours("A", "Mon-Sun 00:00-24:00"))
        #expect(try ask(whole).verdict == .allowed)
        #expect(try ask(whole, knowing: false) == .init(verdict: .refused, rules: ["A"]))
        let short = try law(hours("A", "Tue 08:00-09:00") + hours("B", "Mon-Sun 08:30-08:31"))
        #expect(try ask(short).verdict == .notUntil(try instant("2026-11-24T08:30:00Z")))
    }

    @Test func `channels without a law are asked nothing`() {
        #expect(Medium(channelType: "IN_APP") == nil)
        let push = ["GCM", "APNS", "APNS_SANDBOX", "APNS_VOIP", "APNS_VOIP_SANDBOX", "ADM", "BAIDU", "PUSH"]
        #expect(push.allSatisfy { Medium(channelType: $0) == .push })
        #expect(["EMAIL", "SMS", "VOICE", "CUSTOM"].allSatisfy { Medium(channelType: $0)?.rawValue == $0 })
    }
}
