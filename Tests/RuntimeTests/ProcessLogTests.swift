import Core
import Runtime
import Testing

@Suite struct ProcessLogTests {
    private func line(_ fields: [(String, JSON)]) -> String {
        String(
            decoding: ProcessLog.line(
                at: Instant(seconds: 0), level: .warning, process: "ingest-api", event: "queue.lease_lost",
                fields: fields),
            as: UTF8.self)
    }

    @Test func `a line is one JSON object with a line feed at its end`() {
        #expect(
            line([("job", 7), ("ok", true), ("share", 0.5), ("list", ["a", nil])])
                == #"{"time":"1970-01-01T00:00:00.000Z","level":"warning","process":"ingest-api","event":"queue.lease_lost","#
                + #""job":7,"ok":true,"share":0.5,"list":["a",null]}"# + "\n")
    }

    @Test func `nothing in a field can start a new line or leave its quotes`() throws {
        let text = "a\r\n{\"level\":\"error\"}\u{2028}\u{85}\u{7F}\u{1}\t\\"
        let line = line([("text", .string(text))])
        #expect(line.filter(\.isNewline) == "\n")
        #expect(line.utf8.allSatisfy { $0 == 0x0A || $0 >= 0x20 && $0 != 0x7F })
        #expect(try JSON.parse(Array(line.utf8))["text"] == .string(text))
    }

    @Test func `a long text is cut`() throws {
        let line = line([("text", .string(String(repeating: "x", count: 100_000)))])
        #expect(line.utf8.count < 5000)
        #expect(try JSON.parse(Array(line.utf8))["text"]?.string?.hasSuffix("…") == true)
    }
}
