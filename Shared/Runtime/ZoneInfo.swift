package import Core
import EventLoop
import Glibc

/// The machine's zone data (`/usr/share/zoneinfo`), read once per zone and process.
package enum ZoneInfo {
    /// Seconds east of UTC, or nil for a name that is no zone of this machine. Files are a few KB and cached, so reading
    /// one on the loop costs tens of microseconds, once.
    package static func offset(of zone: String, at instant: Instant) -> Int? {
        rules(of: zone)?.offset(at: instant)
    }

    /// When the clocks of `zone` show `wall` (see `ZoneRules.instant(of:)`), or nil for a name that is no zone of this machine.
    package static func instant(of wall: WallTime, in zone: String) -> Instant? {
        rules(of: zone)?.instant(of: wall)
    }

    /// Every zone of this machine by name, links and aliases included, sorted: what a Demographic.Timezone may say.
    ///
    /// The first call reads some 600 files (10 to 30 ms): not on the loop.
    package static let names: [String] = ZoneFolder.files(of: folder).filter { rules(of: $0) != nil }.sorted()

    private static let folder = "/usr/share/zoneinfo"
    /// tzdata has some 600 names.
    private static let capacity = 1000
    private static let cache = Lock<[String: ZoneRules?]>([:])

    private static func rules(of zone: String) -> ZoneRules? {
        guard isPlausible(zone) else { return nil }
        if let known = cache.withLock({ $0[zone] }) { return known }
        let rules = read("\(folder)/\(zone)").flatMap { ZoneRules(tzif: $0) }
        cache.withLock { cache in
            if cache.count < capacity { cache[zone] = .some(rules) }
        }
        return rules
    }

    /// `Area/City`: no way out of the folder.
    private static func isPlausible(_ zone: String) -> Bool {
        let allowed = zone.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2D, 0x2F, 0x5F: true
            default: false
            }
        }
        return allowed && !zone.isEmpty && zone.utf8.count <= 64 && !zone.hasPrefix("/") && !isOddity(zone)
    }

    /// Files beside the zones: copies that count leap seconds (`right/`) or are another's (`posix/`), the machine's own zone, and
    /// what says that nothing was set.
    private static func isOddity(_ zone: String) -> Bool {
        zone.hasPrefix("right/") || zone.hasPrefix("posix/")
            || ["posixrules", "localtime", "Factory"].contains(zone)
    }

    private static func read(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        let limit = 64 << 10
        return [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            count = max(0, Glibc.read(file, buffer.baseAddress, limit))
        }
    }
}
