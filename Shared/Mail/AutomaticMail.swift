/// Whether a program wrote a message (RFC 3834), so that no program of ours answers it.
package enum AutomaticMail: Sendable, Equatable {
    case no
    /// Its subject sounds like an absence note, and nothing else says so. A hint, never a proof.
    case perhaps
    case yes

    /// `mailFrom`: the envelope's sender; empty is the null sender, nil is unknown.
    package init(_ headers: MailHeaders, mailFrom: String?) {
        if Self.isCertain(headers, mailFrom: mailFrom) {
            self = .yes
        } else {
            self = Self.soundsAbsent(headers["Subject"] ?? "") ? .perhaps : .no
        }
    }

    private static let precedences: Set<String> = ["bulk", "list", "junk", "auto_reply", "auto-reply"]
    /// Headers of responders from before RFC 3834, and of those that ask not to be answered.
    private static let telling = [
        "List-Id", "X-Autoreply", "X-Auto-Reply", "X-Autorespond", "X-Autoreply-From", "X-Mail-Autoreply", "X-Loop",
        "X-Failed-Recipients",
    ]
    private static let daemons: Set<String> = ["mailer-daemon", "postmaster", "mail-daemon"]

    private static func isCertain(_ headers: MailHeaders, mailFrom: String?) -> Bool {
        if let sender = mailFrom ?? headers["Return-Path"], isNull(sender) { return true }
        if let submitted = headers["Auto-Submitted"], MailWords.first(submitted) != "no" { return true }
        if let precedence = headers["Precedence"], precedences.contains(MailWords.first(precedence)) { return true }
        if let suppress = headers["X-Auto-Response-Suppress"], MailWords.first(suppress) != "none" { return true }
        if telling.contains(where: { headers[$0] != nil }) { return true }
        if let type = headers["Content-Type"], MailWords.first(type) == "multipart/report" { return true }
        return headers["From"].flatMap(MailWords.address).map(isDaemon) ?? false
    }

    /// `<>` or nothing.
    package static func isNull(_ sender: String) -> Bool { ["", "<>"].contains(MailWords.trimmed(sender)) }

    package static func isDaemon(_ address: String) -> Bool {
        daemons.contains(String(address.prefix { $0 != "@" }).lowercased())
    }

    /// Beginnings of subjects, as common mail programs write them.
    private static let absences = [
        "out of office", "out of the office", "automatic reply", "auto reply", "auto-reply", "autoreply", "auto:",
        "vacation", "away from", "automatische antwort", "abwesenheit", "abwesend", "réponse automatique",
        "absence du bureau", "respuesta automática", "fuera de la oficina", "risposta automatica", "fuori sede",
        "resposta automática", "ausência", "automatisch antwoord", "afwezig", "autosvar", "automatiskt svar",
        "automatisk svar", "frånvaro", "fravær", "automaattinen vastaus", "poissa", "automatyczna odpowiedź",
        "автоответ", "автоматический ответ", "自動返信", "自动回复", "自動回覆", "자동 회신", "otomatik yanıt",
    ]

    private static func soundsAbsent(_ subject: String) -> Bool {
        let lowered = subject.lowercased()
        return absences.contains { lowered.hasPrefix($0) }
    }
}
