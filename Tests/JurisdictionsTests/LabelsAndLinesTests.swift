import Core
import Jurisdictions
import Testing

@Suite struct LabelsAndLinesTests {
    private let law = Jurisdictions.standard
    private let now = Instant(seconds: 1_795_000_000)

    private func label() throws -> AdvertisingLabel { try #require(law.label(on: .email, in: "KR", at: now)) }

    private func labelled(_ subject: String) throws -> String {
        String(decoding: try label().applied(to: Array(subject.utf8)), as: UTF8.self)
    }

    @Test(arguments: [
        ("겨울 세일", "(광고) 겨울 세일"), ("(광고) 겨울 세일", "(광고) 겨울 세일"), ("(광고)겨울 세일", "(광고)겨울 세일"),
        ("  (광고) 겨울", "(광고) 겨울"), ("[광고] 겨울", "(광고) 겨울"), ("(광 고) 겨울", "(광고) 겨울"), ("(광/고)겨울", "(광고) 겨울"),
        ("(광고) [광고] 겨울", "(광고) 겨울"), ("(광고)(광고) 겨울", "(광고) 겨울"), ("（광고） 겨울", "(광고) 겨울"),
        ("겨울 (광고)", "(광고) 겨울 (광고)"), ("", "(광고) "),
    ])
    func `the label stands at the very start, once`(row: (String, String)) throws {
        #expect(try labelled(row.0) == row.1)
    }

    @Test func `variants are found for a warning, the label itself is none`() throws {
        #expect(try label().variant(atStartOf: " [광고] 세일") == "[광고]")
        #expect(try label().variant(atStartOf: "(광고) 세일") == nil)
        #expect(try label().variant(atStartOf: "세일 [광고]") == nil)
        #expect(law.allLabels.map(\.id) == ["KR-AD-LABEL"])
    }

    @Test func `only Korea has a label, and calls have none`() {
        #expect(law.label(on: .email, in: "JP", at: now) == nil)
        #expect(law.label(on: .voice, in: "KR", at: now) == nil)
        #expect(law.label(on: .sms, in: "KR", at: now)?.text == "(광고)")
    }

    // MARK: Sender lines

    private let shop = SenderIdentity(
        name: "Ogi & Co", postalAddress: "東京都千代田区1-2-3\nビル4F", contact: "help@ogi.example")

    private func lines(_ country: String) throws -> SenderLines {
        try #require(law.senderLines(on: .email, in: country, at: now))
    }

    @Test func `Japan wants the name, an opt-out, the address and a contact`() throws {
        let missing = try lines("JP").missing(in: ["セールのお知らせ"], sender: shop)
        #expect(
            missing.additions == [
                .text("送信者：Ogi & Co"), .optOut(before: "配信停止（受信拒否）はこちら：", after: ""),
                .text("住所：東京都千代田区1-2-3\nビル4F"), .text("お問い合わせ：help@ogi.example"),
            ])
        #expect(missing.unknown.isEmpty)
    }

    @Test func `what the text says already is not said again, also in markup and on more lines`() throws {
        let html = """
            <p>Ogi &amp; Co</p><p>東京都千代田区 1-2-3<br>ビル4F</p> <a href="mailto:help@ogi.example">HELP@ogi.example</a>
            <a href="{{Needletail.UnsubscribeUrl}}">x</a>
            """
        #expect(try lines("JP").missing(in: [html], sender: shop).additions.isEmpty)
        #expect(try lines("JP").missing(in: ["{{> foot}}", html], sender: shop).additions.isEmpty)
        let own = try lines("US").missing(in: ["Ogi, 1 Main St. Unsubscribe: https://a.example/u"], sender: .init())
        #expect(own.additions.isEmpty)
        #expect(own.unknown == [.postalAddress])
    }

    @Test func `an opt-out in another language does not count for Korea`() throws {
        let missing = try lines("KR").missing(in: ["Click to unsubscribe"], sender: .init(name: "가게"))
        #expect(missing.additions.contains(.optOut(before: "무료 수신거부 (to unsubscribe, click here): ", after: "")))
        #expect(missing.unknown == [.contact, .postalAddress])
        #expect(try lines("KR").missing(in: ["무료수신거부 080-123-4567"], sender: .init()).additions.isEmpty)
    }

    @Test func `an empty value is as none`() throws {
        let missing = try lines("US").missing(in: ["unsubscribe"], sender: .init(postalAddress: ""))
        #expect(missing.additions.isEmpty && missing.unknown == [.postalAddress])
    }

    @Test func `countries without such a law want nothing`() {
        #expect(law.senderLines(on: .email, in: "FR", at: now) == nil)
        #expect(law.senderLines(on: .sms, in: "JP", at: now) == nil)
        #expect(SenderIdentity()[.optOut] == nil)
    }
}
