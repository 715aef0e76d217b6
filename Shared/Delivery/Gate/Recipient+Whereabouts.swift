import Core
import Glibc
package import Jurisdictions

extension Recipient {
    /// What the endpoint says of where its person is.
    package var whereabouts: Whereabouts {
        Whereabouts(
            country: Self.member("Country", of: location),
            region: Self.member("Region", of: location),
            timeZone: Self.member("Timezone", of: demographic),
            number: channelType == "SMS" || channelType == "VOICE" ? address : nil)
    }

    /// The same without the region, which no label asks for.
    var country: Whereabouts {
        Whereabouts(
            country: Self.member("Country", of: location), timeZone: Self.member("Timezone", of: demographic))
    }

    /// A string member of a flat object that we wrote ourselves, without parsing the others: this runs for every message.
    /// In JSON a quote inside a string has a backslash before it, so that `"Name"` with both quotes is a whole string.
    private static func member(_ name: StaticString, of object: [UInt8]) -> String? {
        guard object.count > 2 else { return nil }
        return object.withUnsafeBytes { bytes -> String? in
            guard let base = bytes.baseAddress else { return nil }
            var at = 0
            let length = name.utf8CodeUnitCount
            while at < bytes.count, let quote = memchr(base + at, 0x22, bytes.count - at) {
                at = UnsafeRawPointer(quote) - base + 1
                guard at + length < bytes.count, memcmp(base + at, name.utf8Start, length) == 0,
                    bytes[at + length] == 0x22
                else { continue }
                var next = at + length + 1
                while next < bytes.count, bytes[next] == 0x20 { next += 1 }
                guard next < bytes.count, bytes[next] == 0x3A else { continue }
                next += 1
                while next < bytes.count, bytes[next] == 0x20 { next += 1 }
                guard next < bytes.count, bytes[next] == 0x22 else { return nil }
                return string(bytes, from: next + 1) ?? (try? JSON.parse(object))?[name.description]?.string
            }
            return nil
        }
    }

    /// Nil when an escape is in it.
    private static func string(_ bytes: UnsafeRawBufferPointer, from start: Int) -> String? {
        var end = start
        while end < bytes.count, bytes[end] != 0x22 {
            if bytes[end] == 0x5C { return nil }
            end += 1
        }
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }
}
