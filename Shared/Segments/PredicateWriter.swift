import Core

/// Writes the text of one predicate and collects its parameters. Each kind of condition has one function that says what it
/// is in SQL.
struct PredicateWriter {
    /// The alias of `endpoints`.
    let row: String
    /// The placeholder of the app.
    private(set) var tenant = ""
    let now: Instant
    private(set) var text = ""
    private(set) var binds: [SQLBind] = []

    init(row: String, app: AppID, now: Instant) {
        self.row = row
        self.now = now
        tenant = bind(app)
    }

    /// The placeholder of a new parameter; it may be used in the text more than once.
    mutating func bind(_ value: some SQLEncodable) -> String {
        bind(value.sqlBind)
    }

    mutating func bind(_ value: SQLBind) -> String {
        binds.append(value)
        return "$\(binds.count)"
    }

    mutating func write(_ fragment: String) {
        text += fragment
    }

    /// `isNegated`: a NOT stands somewhere above, so null must not stand for false.
    mutating func write(_ expression: SegmentExpression, isNegated: Bool, indent: Int) {
        switch expression {
        case .condition(let condition):
            write(condition, isNegated: isNegated)
        case .combination(.all, let members):
            write(members, joint: "AND", ofNone: "TRUE", isNegated: isNegated, indent: indent)
        case .combination(.any, let members):
            write(members, joint: "OR", ofNone: "FALSE", isNegated: isNegated, indent: indent)
        case .combination(.none, let members):
            write("NOT ")
            write(members, joint: "OR", ofNone: "FALSE", isNegated: true, indent: indent)
        }
    }

    private mutating func write(
        _ members: [SegmentExpression],
        joint: String,
        ofNone: String,
        isNegated: Bool,
        indent: Int
    ) {
        guard !members.isEmpty else { return write(ofNone) }
        let margin = "\n" + String(repeating: "  ", count: indent)
        write("(")
        for (index, member) in members.enumerated() {
            if index > 0 { write("\(margin)\(joint) ") }
            write(member, isNegated: isNegated, indent: indent + 1)
        }
        write(")")
    }

    private mutating func write(_ condition: SegmentCondition, isNegated: Bool) {
        switch condition {
        case .attribute(let owner, let name, let test):
            write(test, on: "\(row).\(owner.column) -> \(bind(name))", isNegated: isNegated)
        case .metric(let name, let comparison, let value):
            let metric = "needletail_number(\(row).metrics -> \(bind(name)))"
            writeNullable("\(metric) \(comparison.sign) \(bind(value))", isNegated: isNegated)
        case .demographic(let field, let test):
            write(test, on: field.column(of: row), isNegated: isNegated)
        case .country(let test):
            write(test, on: "\(row).location ->> 'Country'", isNegated: isNegated)
        case .near(let circle):
            write(circle, isNegated: isNegated)
        case .recency(let window, let isActive):
            write(window, isActive: isActive)
        case .behavior(let test):
            write(test)
        case .sequence(let test):
            write(test)
        case .date(let test):
            write(test)
        case .percentage(let test):
            write(test)
        case .imported(let segment):
            write(memberOf: segment)
        }
    }

    private mutating func write(_ test: AttributeTest, on list: String, isNegated: Bool) {
        switch test {
        case .inclusive(let values):
            writeNullable("(\(list)) ?| \(bind(.textArray(values)))", isNegated: isNegated)
        case .exclusive(let values):
            write("((\(list)) ?| \(bind(.textArray(values)))) IS NOT TRUE")
        case .contains(let values):
            let patterns = bind(.textArray(values.map(LikePattern.containing)))
            writeExists(in: list, where: "v.value LIKE ANY (\(patterns))")
        case .before(let instant):
            writeExists(in: list, where: "needletail_instant(v.value) < \(bind(instant))")
        case .after(let instant):
            writeExists(in: list, where: "needletail_instant(v.value) > \(bind(instant))")
        case .on(let day):
            writeExists(
                in: list,
                where: "(needletail_instant(v.value) AT TIME ZONE 'UTC')::date = \(bind(day))"
            )
        case .between(let first, let last):
            writeExists(
                in: list,
                where: "needletail_instant(v.value) BETWEEN \(bind(first)) AND \(bind(last))"
            )
        }
    }

    private mutating func write(_ test: SetTest, on column: String, isNegated: Bool) {
        switch test {
        case .inclusive(let values):
            writeNullable("\(column) = ANY (\(bind(.textArray(values))))", isNegated: isNegated)
        case .exclusive(let values):
            write("(\(column) = ANY (\(bind(.textArray(values))))) IS NOT TRUE")
        }
    }

    private mutating func write(_ circle: GeographicCircle, isNegated: Bool) {
        let latitude = "needletail_number(\(row).location -> 'Latitude')"
        let longitude = "needletail_number(\(row).location -> 'Longitude')"
        let half = bind(GeographicCircle.halfRadiansPerDegree)
        let full = bind(GeographicCircle.radiansPerDegree)
        let ofLatitudes = "sin((\(latitude) - \(bind(circle.latitude))) * \(half))"
        let ofLongitudes = "sin((\(longitude) - \(bind(circle.longitude))) * \(half))"
        let cosines = "\(bind(circle.cosineOfLatitude)) * cos(\(latitude) * \(full))"
        writeNullable(
            "\(ofLatitudes) * \(ofLatitudes) + \(cosines) * (\(ofLongitudes) * \(ofLongitudes))"
                + " <= \(bind(circle.haversineLimit))",
            isNegated: isNegated
        )
    }

    mutating func writeExists(in list: String, where test: String) {
        write("EXISTS (SELECT FROM jsonb_array_elements_text(needletail_texts(\(list))) AS v(value) WHERE \(test))")
    }

    mutating func writeNullable(_ test: String, isNegated: Bool) {
        write(isNegated ? "(\(test)) IS TRUE" : test)
    }
}

extension AttributeOwner {
    var column: String {
        switch self {
        case .endpoint: "attributes"
        case .user: "user_attributes"
        }
    }
}

extension Comparison {
    var sign: String {
        switch self {
        case .greaterThan: ">"
        case .lessThan: "<"
        case .greaterThanOrEqual: ">="
        case .lessThanOrEqual: "<="
        case .equal: "="
        }
    }
}

extension DemographicField {
    fileprivate func column(of row: String) -> String {
        switch self {
        case .channel: "\(row).channel_type"
        case .appVersion, .deviceType, .make, .model, .platform: "\(row).demographic ->> '\(rawValue)'"
        }
    }
}

enum LikePattern {
    /// Matches every text that contains `needle`, whatever `%`, `_` and `\` mean to LIKE.
    static func containing(_ needle: String) -> String {
        var pattern = "%"
        for scalar in needle.unicodeScalars {
            if scalar == "%" || scalar == "_" || scalar == "\\" { pattern.unicodeScalars.append("\\") }
            pattern.unicodeScalars.append(scalar)
        }
        pattern.unicodeScalars.append("%")
        return pattern
    }
}
