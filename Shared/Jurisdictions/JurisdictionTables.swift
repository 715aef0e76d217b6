import Core

/// The tables of `ops/data` as rows, before they are brought together by country.
struct JurisdictionTables: Sendable {
    var places: [Place] = []
    var quietHours: [QuietHours] = []
    var labels: [LabelRow] = []
    var senderLines: [SenderRow] = []
    var senderTexts: [SenderText] = []

    struct Place: Sendable {
        var country: String
        var alpha3: String
        var region: String?
        var names: [String]
        var zones: [String]
        var aliases: [String]
        var callingCode: String?
    }

    struct LabelRow: Sendable {
        var country: String
        var channels: Set<Medium>
        var since: Day?
        var label: AdvertisingLabel
    }

    struct SenderRow: Sendable {
        var id: String
        var country: String
        var channels: Set<Medium>
        var since: Day?
        var lines: [SenderLine]
        var language: String
    }

    struct SenderText: Sendable {
        var language: String
        var line: SenderLine
        var text: String
        var present: [String]
    }

    typealias TableFault = DataTable.Fault
    private typealias Complaint = DataTable.Complaint

    init() {}

    init(
        places: String, quietHours: String, labels: String, senderLines: String, senderTexts: String
    ) throws(TableFault) {
        self.places = try DataTable.rows("places", places, columns: 7) { (row) throws(Complaint) in try Self.place(row)
        }
        self.quietHours = try DataTable.rows("quiet-hours", quietHours, columns: 12) { (row) throws(Complaint) in
            try Self.quietHours(row)
        }
        self.labels = try DataTable.rows("labels", labels, columns: 11) { (row) throws(Complaint) in try Self.label(row)
        }
        self.senderLines = try DataTable.rows("sender-lines", senderLines, columns: 11) { (row) throws(Complaint) in
            try Self.senderLine(row)
        }
        self.senderTexts = try DataTable.rows("sender-texts", senderTexts, columns: 4) { (row) throws(Complaint) in
            try Self.senderText(row)
        }
    }

    // MARK: Rows

    private static func place(_ row: [String]) throws(Complaint) -> Place {
        Place(
            country: row[0], alpha3: row[1], region: optional(row[2]), names: list(row[3], "|"),
            zones: list(row[4], " "), aliases: list(row[5], " "), callingCode: optional(row[6]))
    }

    private static func quietHours(_ row: [String]) throws(Complaint) -> QuietHours {
        guard let windows = LocalWindows(row[4]) else { throw Complaint("\"\(row[4])\" are no windows") }
        guard let action = QuietHours.Action(rawValue: row[5]) else { throw Complaint("\(row[5]) is no action") }
        return QuietHours(
            id: row[0], country: row[1], region: optional(row[2]), channels: try channels(row[3]), windows: windows,
            action: action, since: try day(row[6]))
    }

    private static func label(_ row: [String]) throws(Complaint) -> LabelRow {
        guard !row[3].isEmpty else { throw Complaint("a label expected") }
        return LabelRow(
            country: row[1], channels: try channels(row[2]), since: try day(row[5]),
            label: AdvertisingLabel(id: row[0], text: row[3], variants: list(row[4], "|")))
    }

    private static func senderLine(_ row: [String]) throws(Complaint) -> SenderRow {
        let names = list(row[3], ",")
        let lines = names.compactMap(SenderLine.init(rawValue:))
        guard !lines.isEmpty, lines.count == names.count else { throw Complaint("\"\(row[3])\" are no lines") }
        return SenderRow(
            id: row[0], country: row[1], channels: try channels(row[2]), since: try day(row[5]), lines: lines,
            language: row[4])
    }

    private static func senderText(_ row: [String]) throws(Complaint) -> SenderText {
        guard let line = SenderLine(rawValue: row[1]),
            row[2].split(separator: "{}", omittingEmptySubsequences: false).count == 2
        else { throw Complaint("a line and a text with one {} expected") }
        return SenderText(language: row[0], line: line, text: row[2], present: list(row[3], "|"))
    }

    private static func channels(_ text: String) throws(Complaint) -> Set<Medium> {
        let names = list(text, ",")
        let channels = Set(names.compactMap(Medium.init(rawValue:)))
        guard !channels.isEmpty, channels.count == names.count else { throw Complaint("\"\(text)\" are no channels") }
        return channels
    }

    private static func day(_ text: String) throws(Complaint) -> Day? {
        guard let text = optional(text) else { return nil }
        guard let instant = ISO8601.parse("\(text)T00:00:00Z") else { throw Complaint("\(text) is no day") }
        return instant.day
    }

    private static func optional(_ text: String) -> String? { text == "-" ? nil : text }

    private static func list(_ text: String, _ separator: Character) -> [String] {
        text == "-" ? [] : text.split(separator: separator).map(String.init)
    }
}
