import Core
import Runtime
import TestKit
import Testing

@testable import Jurisdictions

/// The data files themselves: what a lawyer or an engineer may get wrong in them.
@Suite struct JurisdictionTablesTests {
    private static let files = ["quiet-hours", "labels", "sender-lines"]

    /// Columns by their header's names.
    private func rows(_ file: String) throws -> [[String: String]] {
        let texts = [JurisdictionData.quietHours, JurisdictionData.labels, JurisdictionData.senderLines]
        let text = texts[try #require(Self.files.firstIndex(of: file))]
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
        let header = try #require(lines.first)
        return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(header, $0)) }
    }

    @Test func `the generated file is current`() async throws {
        let check = try ChildProcess(
            "python3", ["\(BuildPaths.repository)/ops/codegen/embed_jurisdictions.py", "--check"])
        #expect(try await check.waitForExit() == 0, "\(check.output)")
    }

    @Test func `every table is readable`() throws {
        let tables = try JurisdictionTables(
            places: JurisdictionData.places, quietHours: JurisdictionData.quietHours,
            labels: JurisdictionData.labels, senderLines: JurisdictionData.senderLines,
            senderTexts: JurisdictionData.senderTexts)
        #expect(tables.quietHours.count > 30)
        #expect(Jurisdictions.standard.quietHours.count == tables.quietHours.count)
        #expect(Jurisdictions.standard.version.hasPrefix("20"))
    }

    @Test func `ids are unique over all tables`() throws {
        let ids = try Self.files.flatMap { try rows($0).compactMap { $0["id"] } }
        #expect(Set(ids).count == ids.count)
        #expect(ids.allSatisfy { $0.allSatisfy { $0.isUppercase || $0.isNumber || $0 == "-" } })
    }

    @Test(arguments: files)
    func `every row names its source, how far it was verified and when`(file: String) throws {
        for row in try rows(file) {
            let id = row["id"] ?? "?"
            #expect((row["source"]?.count ?? 0) > 5, "\(id)")
            #expect(row["url"]?.hasPrefix("http") == true, "\(id)")
            let verified = try #require(row["verified"])
            #expect(["text", "quoted", "secondary", "disputed"].contains(verified), "\(id)")
            let asOf = try #require(row["as_of"])
            #expect(asOf == "-" || asOf.count == 4 || ISO8601.parse("\(asOf)T00:00:00Z") != nil, "\(id)")
            // What is not known first hand says what is missing.
            if ["secondary", "disputed"].contains(verified) { #expect((row["note"]?.count ?? 0) > 5, "\(id)") }
        }
    }

    @Test func `every rule's place and every zone exists`() throws {
        let tables = try JurisdictionTables(
            places: JurisdictionData.places, quietHours: JurisdictionData.quietHours,
            labels: JurisdictionData.labels, senderLines: JurisdictionData.senderLines,
            senderTexts: JurisdictionData.senderTexts)
        let countries = Set(tables.places.map(\.country))
        for rule in tables.quietHours {
            #expect(
                tables.places.contains { $0.country == rule.country && $0.region == rule.region }, "\(rule.id)")
        }
        #expect(tables.labels.allSatisfy { countries.contains($0.country) })
        let languages = Set(tables.senderTexts.map(\.language))
        for row in tables.senderLines {
            #expect(countries.contains(row.country) && languages.contains(row.language), "\(row.id)")
            for line in row.lines {
                #expect(tables.senderTexts.contains { $0.language == row.language && $0.line == line }, "\(row.id)")
            }
        }
        for zone in Set(tables.places.flatMap { $0.zones + $0.aliases }) {
            #expect(ZoneInfo.offset(of: zone, at: Instant(seconds: 1_780_000_000)) != nil, "\(zone)")
        }
    }

    @Test func `the fifty states and the District are there, each with its clock`() {
        let states = Jurisdictions.standard.atlas.countries.first { $0.code == "US" }?.regions ?? []
        #expect(states.count == 51)
        #expect(states.allSatisfy { !$0.zones.isEmpty && $0.code.count == 2 })
    }

    @Test(arguments: [
        ("Mon 9-10", "defer", "SMS", "-"), ("Mon 09:00-10:00", "wait", "SMS", "-"),
        ("Mon 09:00-10:00", "defer", "FAX", "-"), ("Mon 09:00-10:00", "defer", "SMS", "soon"),
    ])
    func `a row that cannot be understood is named with its line`(row: (String, String, String, String)) {
        let (windows, action, channel, since) = row
        let text = "# c\nheader\n\nX\tUS\t-\t\(channel)\t\(windows)\t\(action)\t\(since)\ts\tu\tv\t-\t-\n"
        let fault = #expect(throws: JurisdictionTables.TableFault.self) {
            try JurisdictionTables(places: "h", quietHours: text, labels: "h", senderLines: "h", senderTexts: "h")
        }
        #expect(fault?.description.hasPrefix("quiet-hours, line 4: ") == true)
    }

    @Test func `too few columns, no label, no line and no place for the value are faults`() {
        let broken = [
            ("h\nKR", "h", "h", "h", "h"), ("h", "h\nx\ty", "h", "h", "h"),
            ("h", "h", "h\nL\tKR\tEMAIL\t\t-\t-\ts\tu\tv\t-\t-", "h", "h"),
            ("h", "h", "h", "h\nS\tKR\tEMAIL\tname,age\tko\t-\ts\tu\tv\t-\t-", "h"),
            ("h", "h", "h", "h", "h\nko\tname\tno value\t-"), ("h", "h", "h", "h", "h\nko\tage\t{}\t-"),
        ]
        for (places, hours, labels, lines, texts) in broken {
            #expect(throws: JurisdictionTables.TableFault.self) {
                try JurisdictionTables(
                    places: places, quietHours: hours, labels: labels, senderLines: lines, senderTexts: texts)
            }
        }
    }
}
