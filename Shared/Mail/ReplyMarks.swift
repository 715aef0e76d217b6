/// What mail programs write around a quote, by language: seen in Gmail, Apple Mail, Outlook, Thunderbird, Yahoo, QQ.
enum ReplyMarks {
    /// In the line above a quote: `On … wrote:`.
    private static let wrote = [
        "wrote", "schrieb", "a écrit", "écrivait", "escribió", "escribio", "ha scritto", "scritto", "escreveu",
        "schreef", "skrev", "kirjoitti", "napisał", "pisze", "napsal", "írta", "a scris", "написал", "написала",
        "пишет", "писал", "пише", "yazdı", "έγραψε", "写道", "寫道", "さんは書きました", "のメール", "님이 작성",
        "đã viết", "เขียนว่า", "menulis", "כתב", "كتب",
    ]

    private static let from = [
        "from", "von", "de", "da", "van", "från", "fra", "lähettäjä", "od", "от", "від", "feladó", "de la", "kimden",
        "差出人", "发件人", "寄件者", "보낸 사람", "보낸사람", "από",
    ]

    private static let advertising = [
        "sent from my", "sent from mail for", "sent from outlook", "sent from yahoo", "sent via", "get outlook for",
        "von meinem iphone gesendet", "von meinem ipad gesendet", "gesendet von", "gesendet mit", "envoyé de mon",
        "envoyé depuis", "enviado desde mi", "enviado do meu", "enviado a partir", "inviato da", "verzonden vanaf",
        "verstuurd vanaf", "skickat från", "sendt fra", "lähetetty", "wysłane z", "отправлено с", "отправлено из",
        "iphoneから送信", "发自我的", "從我的", "나의 iphone에서 보냄", "iphone'umdan gönderildi",
    ]

    /// A sentence that ends with a colon is one only with a date, a time or an address in it.
    static func isAttribution(_ text: String) -> Bool {
        let lowered = text.lowercased()
        // Gmail in Russian and others have no verb: `пн, 2 нояб. 2026 г. в 10:00, Jo <jo@x.test>:`.
        if lowered.hasSuffix(">:"), lowered.contains("@"), lowered.contains(where: \.isNumber) { return true }
        guard wrote.contains(where: { lowered.contains($0) }) else { return false }
        return lowered.contains("@") || lowered.contains { $0.isNumber }
    }

    /// `From: Jo`, also `*Von:* Jo`.
    static func isFrom(_ line: some StringProtocol) -> Bool {
        label(line).map { from.contains($0) } ?? false
    }

    static func isField(_ line: some StringProtocol) -> Bool { label(line) != nil }

    static func isAdvertising(_ line: some StringProtocol) -> Bool {
        let lowered = MailWords.trimmed(line).lowercased()
        return lowered.utf8.count <= 120 && advertising.contains { lowered.hasPrefix($0) || lowered.hasSuffix($0) }
    }

    /// What stands before the first colon, if it is short enough to be a label.
    private static func label(_ line: some StringProtocol) -> String? {
        let text = line.drop { $0 == " " || $0 == "*" || $0 == "\t" }
        guard let colon = text.prefix(31).firstIndex(where: { $0 == ":" || $0 == "：" }) else { return nil }
        let name = MailWords.trimmed(String(text[..<colon].filter { $0 != "*" }))
        return name.isEmpty || name.contains("/") ? nil : name.lowercased()
    }
}
