import Columns
import Core
import Segments
import Testing

@Suite struct ColumnIndexTests {
    @Test func `forgetting events moves the horizon forwards only`() {
        var index = ColumnIndex(eventsFrom: Instant(seconds: 100))
        index.forgetEvents(before: Instant(seconds: 50))
        #expect(index.eventsFrom == Instant(seconds: 100))
        index.forgetEvents(before: Instant(seconds: 200))
        #expect(index.eventsFrom == Instant(seconds: 200))
    }
}
