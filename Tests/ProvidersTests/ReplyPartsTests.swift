import Model
import Testing

@Suite struct ReplyPartsTests {
    private func piece(_ number: Int, of total: Int, _ text: String) -> Reply {
        Reply(
            key: "m\(number)", channel: "SMS", from: "+1", to: "+2", text: text,
            part: .init(group: "g", number: number, total: total))
    }

    @Test func `pieces in any order are one message`() {
        let whole = Reply.joined([
            piece(3, of: 3, "c"), piece(1, of: 3, "a"), piece(2, of: 3, "b"), piece(1, of: 3, "a"),
        ])
        #expect(whole?.text == "abc")
        #expect(whole?.key == "m1")
        #expect(whole?.part == nil)
    }

    @Test func `what is not complete, or not of one message, is none`() {
        #expect(Reply.joined([]) == nil)
        #expect(Reply.joined([piece(1, of: 2, "a")]) == nil)
        #expect(Reply.joined([piece(1, of: 2, "a"), piece(2, of: 3, "b")]) == nil)
        #expect(Reply.joined([piece(1, of: 2, "a"), piece(3, of: 2, "b")]) == nil)
        #expect(Reply.joined([piece(1, of: 33, "a")]) == nil)
        #expect(Reply.joined([Reply(key: "k", channel: "SMS", from: "+1", to: "+2", text: "t")]) == nil)
    }
}
