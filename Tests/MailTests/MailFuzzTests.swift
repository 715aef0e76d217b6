import Glibc
import Mail
import TestKit
import Testing

/// Damaged and hostile input: something comes out of it, soon, and memory comes back.
@Suite struct MailFuzzTests {
    static let seeds: [[UInt8]] = [
        Array(ParsedMailTests.report.utf8),
        Array(
            """
            Content-Type: multipart/mixed; boundary="a"

            --a
            Content-Type: multipart/alternative; boundary=b

            --b
            Content-Type: text/plain; charset="iso-2022-jp"; format=flowed
            Content-Transfer-Encoding: 7bit

            \u{1B}$B%F%-%9%H\u{1B}(B
            > quoted
            --b
            Content-Type: text/html; charset=utf-8
            Content-Transfer-Encoding: base64

            PHA+SGkgJmFtcDsgYnllPC9wPg==
            --b--
            --a
            Content-Type: application/pdf; name*0*=utf-8''%41; name*1=b.pdf
            Content-Disposition: attachment; filename="x.pdf"
            Content-Transfer-Encoding: x-uuencode

            begin 644 x.pdf
            #0V%T
            `
            end
            --a--
            """.utf8),
        Array(
            "From: a@b\nTo: (((\"x\" <y@z>, group: a@b, c@d;\nReferences: <a@b> <c\nSubject: =?x?q?=?= =?utf-8?b?/w==?=\n\n"
                .utf8),
    ]

    @Test(arguments: 0..<8)
    func `mutated messages are read whole`(seed: UInt64) {
        let random = SeededRandom(seed: seed + 1)
        for round in 0..<400 {
            var bytes = Self.seeds[round % Self.seeds.count]
            for _ in 0..<Int(random.next() % 12 + 1) { Self.mutate(&bytes, random) }
            let mail = ParsedMail(bytes)
            #expect(!mail.parts.isEmpty)
            for (index, part) in mail.parts.enumerated() { #expect((part.parent ?? -1) < index) }
            _ = DeliveryReport(mail)
            _ = FeedbackReport(mail)
            _ = mail.returned
            _ = AutomaticMail(mail.headers, mailFrom: nil)
            #expect(ReplyText.written(mail).utf8.count <= 200_000)
        }
    }

    private static func mutate(_ bytes: inout [UInt8], _ random: SeededRandom) {
        guard !bytes.isEmpty else { return bytes.append(UInt8(truncatingIfNeeded: random.next())) }
        let place = Int(random.next() % UInt64(bytes.count))
        let count = min(Int(random.next() % 40), bytes.count - place)
        switch random.next() % 5 {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes.removeSubrange(place..<(place + count))
        case 2: bytes.insert(contentsOf: bytes[place..<(place + count)], at: Int(random.next() % UInt64(bytes.count)))
        case 3: bytes.insert(contentsOf: Array(repeating: bytes[place], count: count * 20), at: place)
        default: bytes.insert(contentsOf: Array("\n--a\nContent-Type: message/rfc822\n\n".utf8), at: place)
        }
    }

    /// Each took seconds or gigabytes before there were bounds (`MailBounds`).
    static let hostile: [(name: String, head: String, piece: String, count: Int)] = [
        ("headers", "", "a:\n", 1_000_000), ("nested messages", "", "Content-Type: message/rfc822\n\n", 30_000),
        ("parts", "Content-Type: multipart/mixed; boundary=a\n\n", "--a\n", 700_000),
        ("addresses", "To: ", "a,", 1_000_000),
        ("address headers", "", "To: \(String(repeating: "a,", count: 3000))\n", 200),
        ("parameters", "Content-Type: text/plain", "; a=b", 20_000), ("words", "Subject: ", "=?utf-8?q?a?= ", 100_000),
        ("references", "References: ", "<a@b> ", 100_000), ("a line", "Subject: x\n\n", "x", 3_000_000),
    ]

    @Test(arguments: hostile)
    func `hostile messages are cut, not suffered`(name: String, head: String, piece: String, count: Int) {
        let raw = Array((head + String(repeating: piece, count: count) + "\n\nbody").utf8)
        var mail = ParsedMail([])
        let elapsed = ContinuousClock().measure { mail = ParsedMail(raw) }
        #expect(elapsed < .seconds(20), "\(name)")
        #expect(!mail.parts.isEmpty)
        #expect(mail.parts.count <= 1000)
    }

    /// In a process of its own: other tests use memory too.
    @Test func `memory comes back`() async {
        await #expect(processExitsWith: .success) {
            let raw = MailFuzzTests.seeds[1] + Array(repeating: UInt8(ascii: "x"), count: 300_000)
            for _ in 0..<20 { _ = ParsedMail(raw) }
            let before = try MailFuzzTests.residentBytes()
            for _ in 0..<300 { _ = ParsedMail(raw) }
            try #require(try MailFuzzTests.residentBytes() - before < 20 << 20)
        }
    }

    private static func residentBytes() throws -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { throw TestKitError("no /proc/self/statm") }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = fread(&buffer, 1, buffer.count, file)
        let words = String(decoding: buffer[..<count], as: UTF8.self).split(separator: " ")
        guard words.count > 1, let pages = Int(words[1]) else { throw TestKitError("unreadable statm") }
        return pages * 4096
    }
}
