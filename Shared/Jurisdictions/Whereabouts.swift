/// Where somebody is, as far as their endpoint says; everything is a client's text.
package struct Whereabouts: Sendable, Equatable {
    /// Location.Country: ISO 3166-1 in two or three letters, or a name.
    package var country: String?
    /// Location.Region: `CA`, `US-CA`, `California`.
    package var region: String?
    /// Demographic.Timezone
    package var timeZone: String?
    /// The address of an SMS or voice endpoint, E.164.
    package var number: String?

    package init(
        country: String? = nil, region: String? = nil, timeZone: String? = nil, number: String? = nil
    ) {
        self.country = country
        self.region = region
        self.timeZone = timeZone
        self.number = number
    }
}

/// The countries that have rules, by everything that names them.
struct Atlas: Sendable {
    struct Country: Sendable {
        let code: String
        let zones: [String]
        let regions: [Region]
    }

    struct Region: Sendable {
        let code: String
        let zones: [String]
    }

    let countries: [Country]
    private let byName: [String: Int]
    private let byZone: [String: Int]
    /// By country, lowered name of a region → its index.
    private let regionsByName: [[String: Int]]
    private let callingCodes: [(code: String, countries: [Int])]

    init(_ places: [JurisdictionTables.Place]) {
        var countries: [Country] = []
        var byName: [String: Int] = [:]
        var byZone: [String: Int] = [:]
        var regionsByName: [[String: Int]] = []
        var callingCodes: [String: [Int]] = [:]
        for place in places where place.region == nil {
            let own = places.filter { $0.country == place.country && $0.region != nil }
            let index = countries.count
            let zones = place.zones + own.flatMap(\.zones)
            countries.append(
                Country(
                    code: place.country, zones: Self.unique(zones),
                    regions: own.map { Region(code: $0.region ?? "", zones: $0.zones) }))
            for name in [place.country, place.alpha3] + place.names { byName[name.lowercased()] = index }
            for zone in zones + place.aliases { byZone[zone] = index }
            var names: [String: Int] = [:]
            for (number, region) in own.enumerated() {
                let code = region.region ?? ""
                for name in [code, "\(place.country)-\(code)"] + region.names { names[name.lowercased()] = number }
            }
            regionsByName.append(names)
            if let code = place.callingCode { callingCodes[code, default: []].append(index) }
        }
        self.countries = countries
        self.byName = byName
        self.byZone = byZone
        self.regionsByName = regionsByName
        // The longest first: +1 684 is not +1.
        self.callingCodes = callingCodes.map { ($0.key, $0.value) }.sorted { $0.code.count > $1.code.count }
    }

    /// The countries somebody may be in, of those with rules. What the endpoint's location says holds; without it the number's
    /// country, then the clock's, then `fallback`. A country without rules has none, whatever the rest says.
    func countries(of person: Whereabouts, fallback: String?) -> [Int] {
        if let country = Self.named(person.country) { return byName[country].map { [$0] } ?? [] }
        if let number = person.number, number.first == "+" {
            let digits = number.dropFirst()
            return callingCodes.first { digits.hasPrefix($0.code) }?.countries ?? []
        }
        if let zone = person.timeZone, let country = byZone[zone] { return [country] }
        return Self.named(fallback).flatMap { byName[$0] }.map { [$0] } ?? []
    }

    /// The regions of `country` somebody may be in: the one they name, else those that have their clock, else all.
    func regions(of person: Whereabouts, in country: Int) -> [Region] {
        let all = countries[country].regions
        if let name = Self.named(person.region), let index = regionsByName[country][name] { return [all[index]] }
        if let zone = person.timeZone {
            let near = all.filter { $0.zones.contains(zone) }
            if !near.isEmpty { return near }
        }
        return all
    }

    /// Trimmed and lowered; nil for nothing.
    private static func named(_ text: String?) -> String? {
        guard let text else { return nil }
        let words = text.split { $0.isWhitespace }.joined(separator: " ").lowercased()
        return words.isEmpty ? nil : words
    }

    private static func unique(_ zones: [String]) -> [String] {
        var seen: Set<String> = []
        return zones.filter { seen.insert($0).inserted }
    }
}
