import Columns
import Core
import Glibc
import Segments

/// A million endpoints with twenty attributes and five million events, made in the process from hashes of row numbers: the
/// shape of the segment contest's audience without its database.
struct ColumnAudience: Sendable {
    let endpoints: Int
    let events: Int
    /// In the middle of a second.
    static let now = Instant(microseconds: 1_790_000_000_500_000)
    private static let days = 108.0

    private static let countries = [
        "US", "JP", "DE", "BR", "IN", "GB", "FR", "KR", "IT", "ES", "MX", "CA", "AU", "NL", "SE", "PL", "TR", "ID",
        "TH",
        "VN", "PH", "MY", "SG", "AT", "CH",
    ]
    private static let interests = [
        "music", "travel", "sports", "games", "cats", "dogs", "books", "cooking", "cars", "film", "art", "garden",
        "fashion", "science", "health", "history",
    ]

    /// Keys ascend with the row's number, as when rows are read in the order of the primary key.
    func key(_ row: Int) -> Int64 { Int64(row) << 40 | Int64(Draw(row, 99).bits & 0xFF_FFFF_FFFF) }

    func rows(_ range: Range<Int>) -> [ColumnRow] { range.map(row) }

    private func row(_ number: Int) -> ColumnRow {
        func draw(_ name: Int) -> Draw { Draw(number, name) }
        let birthday = Day(daysSince1970: Int32(-9131 + draw(1).pick(22_000)))
        let signup = Day(daysSince1970: Self.now.day.daysSince1970 - Int32(draw(2).pick(1500)))
        let interests = Set((0...draw(3).pick(6)).map { Self.interests[draw(10 + $0).pick(16)] })
        let categories = Set((0...draw(4).pick(3)).map { "c\(draw(20 + $0).skewed(40, 2))" })
        let plan = draw(5).share < 0.22 ? "pro" : draw(5).share < 0.3 ? "team" : "free"
        let attributes: [(String, [String])] = [
            ("city", ["city-\(draw(30).skewed(2000, 2))"]), ("plan", [plan]),
            ("tier", [["none", "silver", "gold", "platinum"][draw(31).skewed(4, 3)]]),
            ("store", ["store-\(draw(32).pick(150))"]), ("signup", ["\(signup)T00:00:00Z"]),
            ("source", [["organic", "ads", "friend", "store", "partner"][draw(33).skewed(5, 2)]]),
            ("birthday", ["\(birthday)T00:00:00Z"]),
            ("language", [["en", "ja", "de", "pt", "hi", "fr", "ko", "it", "es"][draw(34).skewed(9, 1.5)]]),
            ("frequency", [["day", "week", "month", "never"][draw(35).pick(4)]]), ("interests", interests.sorted()),
            ("categories", categories.sorted()), ("newsletter", [draw(36).share < 0.6 ? "yes" : "no"]),
        ]
        let value = draw(39).skewed(40_000, 3)
        return ColumnRow(
            key: key(number),
            cohort: draw(6).pick(100),
            channelType: ["EMAIL", "GCM", "APNS", "SMS"][draw(7).skewed(4, 2)],
            effectiveAt: Self.now - .seconds(400 * 86_400),
            isReachable: draw(8).share < 0.9,
            attributes: Self.text(attributes.map { ($0, Self.list($1)) }),
            userAttributes: Self.text([
                ("role", Self.list([["owner", "admin", "member", "guest"][draw(40).pick(4)]])),
                ("company", Self.list(["company-\(draw(41).skewed(3000, 2))"])),
            ]),
            metrics: Self.text([
                ("age", "\(18 + draw(37).pick(63))"), ("sessions", "\(draw(38).skewed(2000, 3))"),
                ("lifetime_value", "\(value / 100).\(value % 100 < 10 ? "0" : "")\(value % 100)"),
            ]),
            demographic: Self.text([
                ("Platform", "\"\(["iOS", "Android", "Web"][draw(42).pick(3)])\""),
                ("AppVersion", "\"5.\(draw(43).skewed(24, 2))\""),
            ]),
            location: Self.text([("Country", "\"\(Self.countries[draw(44).pick(25)])\"")])
        )
    }

    /// As Postgres writes jsonb.
    private static func text(_ members: [(String, String)]) -> [UInt8] {
        Array("{\(members.map { "\"\($0)\": \($1)" }.joined(separator: ", "))}".utf8)
    }

    private static func list(_ texts: [String]) -> String {
        "[\(texts.map { "\"\($0)\"" }.joined(separator: ", "))]"
    }

    /// Older first, as they arrive.
    func events(_ range: Range<Int>) -> [ColumnEvent] {
        range.map { number in
            let share = Draw(number, 50).share
            let type =
                switch share {
                case ..<0.40: "_session.start"
                case ..<0.60: "page.view"
                case ..<0.76: "product.view"
                case ..<0.85: "search"
                case ..<0.92: "cart.add"
                case ..<0.98: "purchase"
                case ..<0.995: "review"
                case _: "support.open"
                }
            // Some people are busier than others.
            let person = Draw(number, 51).skewed(endpoints, 1.2)
            let age = Self.days * 86_400_000 * (1 - (Double(number) + Draw(number, 52).share) / Double(events))
            let at = Instant(microseconds: Self.now.microseconds - Int64(age) * 1000)
            return ColumnEvent(key: key(person), type: type, at: at)
        }
    }

    // MARK: The contest's three questions

    /// In Japan, in their thirties, and interested in cats.
    static let attributes = SegmentExpression.conjunction([
        .condition(.country(.inclusive(["JP"]))),
        .condition(.attribute(.endpoint, name: "interests", .inclusive(["cats"]))),
        .condition(.metric(name: "age", .greaterThanOrEqual, 30)),
        .condition(.metric(name: "age", .lessThanOrEqual, 39)),
    ])

    /// Did anything in a week, and bought nothing in a month.
    static let lapsed = SegmentExpression.conjunction([
        .condition(.behavior(BehaviorTest(event: EventTest(), count: .atLeast(1), days: 7))),
        .condition(.behavior(BehaviorTest(event: EventTest(type: "purchase"), count: .exactly(0), days: 30))),
    ])

    /// On the plan `pro`, and saw two products or more in a fortnight.
    static let keen = SegmentExpression.conjunction([
        .condition(.attribute(.endpoint, name: "plan", .inclusive(["pro"]))),
        .condition(.behavior(BehaviorTest(event: EventTest(type: "product.view"), count: .atLeast(2), days: 14))),
    ])
}

/// A number drawn for a row and a name: SplitMix64's finisher over both.
private struct Draw {
    let bits: UInt64

    init(_ row: Int, _ name: Int) {
        var word = (UInt64(row) << 8 | UInt64(name)) &* 0x9E37_79B9_7F4A_7C15
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        bits = word ^ word >> 31
    }

    /// 0 ..< 1.
    var share: Double { Double(bits >> 11) / Double(1 << 53 as UInt64) }

    func pick(_ count: Int) -> Int { Int(share * Double(count)) }

    /// Few values take most of the rows.
    func skewed(_ count: Int, _ power: Double) -> Int { Int(Double(count) * pow(share, power)) }
}
