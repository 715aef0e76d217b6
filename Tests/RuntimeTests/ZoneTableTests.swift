import Core
import Runtime
import TestKit
import Testing

/// Every zone of the machine against Python's reader of the same files (`Tests/peers/zone_table.py`).
@Suite struct ZoneTableTests {
    /// With zones that changed their minds: Samoa skipped a day in 2011, Troll has two kinds of summer, North Korea, Turkey and
    /// Egypt moved about. After 2037 the rules in the files' footers count.
    private static let years = [1975, 1986, 1997, 2011, 2016, 2024, 2026, 2027, 2037, 2038, 2055, 2099]

    @Test func `every zone shows every wall time when Python says so`() async throws {
        let peer = try ChildProcess(
            "python3", ["\(BuildPaths.repository)/Tests/peers/zone_table.py"] + Self.years.map(String.init))
        #expect(try await peer.waitForExit(within: .seconds(300)) == 0, "\(peer.output.suffix(5))")
        let lines = peer.output
        let names = lines[0].split(separator: " ").map(String.init)
        #expect(ZoneInfo.names == names)
        try #require(lines.count == names.count + 1)
        var wrong: [String] = []
        var count = 0
        for line in lines.dropFirst() {
            let words = line.split(separator: " ")
            let zone = String(words[0])
            let numbers = words.dropFirst().compactMap { Int64($0) }
            for index in stride(from: 0, to: numbers.count, by: 2) {
                count += 1
                let wall = WallTime(asUTC: Instant(seconds: numbers[index]))
                let found = ZoneInfo.instant(of: wall, in: zone)
                if found != Instant(seconds: numbers[index + 1]) {
                    wrong.append("\(zone) \(wall): \(found?.description ?? "nil"), not \(numbers[index + 1])")
                }
            }
        }
        #expect(count > 600 * Self.years.count * 12 - 600)
        #expect(wrong.isEmpty, "\(wrong.count) of \(count) differ: \(wrong.prefix(20))")
    }

    @Test(arguments: [
        // Skipped: as much after the change as it would have been before it.
        ("Europe/Berlin", "2026-03-29T02:30:00Z", "2026-03-29T01:30:00Z"),
        ("America/New_York", "2026-03-08T02:00:00Z", "2026-03-08T07:00:00Z"),
        // Repeated: the first.
        ("Europe/Berlin", "2026-10-25T02:30:00Z", "2026-10-25T00:30:00Z"),
        ("Australia/Lord_Howe", "2026-04-05T01:45:00Z", "2026-04-04T14:45:00Z"),
        // A whole day that Samoa did not have.
        ("Pacific/Apia", "2011-12-30T09:00:00Z", "2011-12-30T19:00:00Z"),
        ("Pacific/Kiritimati", "2026-01-01T09:00:00Z", "2025-12-31T19:00:00Z"),
    ])
    func `a time that clocks skip is after the skip, one that they repeat is the first`(
        zone: String, wall: String, expected: String
    ) throws {
        let wall = WallTime(asUTC: try #require(ISO8601.parse(wall)))
        #expect(ZoneInfo.instant(of: wall, in: zone) == ISO8601.parse(expected))
    }

    @Test(arguments: ["UTC+05:30", "GMT+25", "posix/Asia/Tokyo", "right/UTC", "localtime", "Factory", "europe/berlin"])
    func `what only looks like a zone is none`(name: String) {
        #expect(!ZoneInfo.names.contains(name))
        #expect(ZoneInfo.offset(of: name, at: Instant(seconds: 0)) == nil)
    }
}
