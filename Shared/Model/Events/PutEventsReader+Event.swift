import Core

/// The members of one event, found but not yet checked against each other.
private struct EventFields {
    var type: JSONNode?
    var timestamp: JSONNode?
    var attributes: JSONNode?
    var metrics: JSONNode?
    /// Session, application and SDK, with their names.
    var context: [(name: StaticString, value: JSONNode)] = []

    mutating func take(_ name: StaticString, _ value: JSONNode) {
        if context.isEmpty { context.reserveCapacity(6) }
        context.append((name, value))
    }
}

extension PutEventsReader {
    /// Appends the event to `events`, or answers why not.
    mutating func readEvent(_ key: JSONNode, _ node: JSONNode, endpointKey: Int64) -> String? {
        guard index.isObject(node) else { return "An event must be a JSON object" }
        guard index.range(node).count <= EventRules.bytes else { return "An event can have \(EventRules.bytes) bytes" }
        var fields = EventFields()
        if let fault = find(&fields, in: node) { return fault }
        guard let type = fields.type else { return "EventType is required" }
        guard let timestamp = fields.timestamp else { return "Timestamp is required" }
        guard index.isString(type), !isEmpty(type) else { return "EventType must be a non-empty string" }
        guard isWithin(type, EventRules.typeCharacters) else {
            return "EventType can have \(EventRules.typeCharacters) characters"
        }
        guard let at = instant(timestamp) else { return "Timestamp must be an ISO 8601 timestamp" }
        if let fault = EventRules.refusal(of: at, now: now, isPublished: isPublished) { return fault }
        var names = 0
        var (attributes, metrics): (Column, Column) = (.absent, .absent)
        if let node = fields.attributes, let fault = check(attributes: node, &names, &attributes) { return fault }
        if let node = fields.metrics, let fault = check(metrics: node, &names, &metrics) { return fault }
        guard names <= EventRules.keysPerEvent else {
            return "An event can have \(EventRules.keysPerEvent) attributes and metrics together"
        }
        append(key, type, at, endpointKey, attributes, metrics, context: context(fields.context))
        return nil
    }

    private func find(_ fields: inout EventFields, in node: JSONNode) -> String? {
        var fault: String?
        index.forEachMember(of: node) { name, value in
            if index.isNull(value) { return }
            if index.equals(name, "EventType") {
                fields.type = value
            } else if index.equals(name, "Timestamp") {
                fields.timestamp = value
            } else if index.equals(name, "Attributes") {
                fields.attributes = value
            } else if index.equals(name, "Metrics") {
                fields.metrics = value
            } else if index.equals(name, "Session") {
                fault = fault ?? sessionFault(value)
                fields.take("Session", value)
            } else {
                fault = fault ?? takeApplication(name, value, &fields)
            }
        }
        return fault
    }

    private static let application: [StaticString] = [
        "AppPackageName", "AppTitle", "AppVersionCode", "ClientSdkVersion", "SdkName",
    ]

    private func takeApplication(_ name: JSONNode, _ value: JSONNode, _ fields: inout EventFields) -> String? {
        for member in Self.application where index.equals(name, member) {
            guard index.isString(value) else { return "\(member) must be a string" }
            guard isWithin(value, EventRules.valueCharacters) else {
                return "\(member) can have \(EventRules.valueCharacters) characters"
            }
            fields.take(member, value)
        }
        return nil
    }

    private func sessionFault(_ session: JSONNode) -> String? {
        guard index.isObject(session) else { return "Session must be a JSON object" }
        guard index.range(session).count <= EventRules.sessionBytes else {
            return "Session can have \(EventRules.sessionBytes) bytes"
        }
        let names: [StaticString] = ["Id", "StartTimestamp", "StopTimestamp"]
        for (place, name) in names.enumerated() {
            guard let value = index.member(name, of: session), !index.isNull(value) else {
                if place < 2 { return "Session.\(name) is required" }
                continue
            }
            guard index.isString(value) else { return "Session.\(name) must be a string" }
            if place > 0, instant(value) == nil { return "Session.\(name) must be an ISO 8601 timestamp" }
        }
        if let duration = index.member("Duration", of: session), !index.isNull(duration), index.int64(duration) == nil {
            return "Session.Duration must be an integer"
        }
        return nil
    }

    // MARK: Attributes and metrics

    /// What goes into a `jsonb` column.
    private enum Column {
        case absent
        case slice(Range<Int>)
        /// The slice had nulls in it, which count as absent.
        case text([UInt8])
    }

    private func check(attributes node: JSONNode, _ names: inout Int, _ column: inout Column) -> String? {
        guard index.isObject(node) else { return "Attributes must be a JSON object" }
        var fault: String?
        var nulls = 0
        index.forEachMember(of: node) { name, value in
            if fault != nil { return }
            if !isWithin(name, EventRules.nameCharacters) {
                fault = "The name of an attribute can have \(EventRules.nameCharacters) characters"
            } else if index.isNull(value) {
                nulls += 1
            } else if !index.isString(value) {
                fault = "Attributes.\(clipped(name)) must be a string"
            } else if !isWithin(value, EventRules.valueCharacters) {
                fault = "Attributes.\(clipped(name)) can have \(EventRules.valueCharacters) characters"
            }
        }
        column = self.column(node, nulls: nulls)
        names += index.count(node) - nulls
        return fault
    }

    private func check(metrics node: JSONNode, _ names: inout Int, _ column: inout Column) -> String? {
        guard index.isObject(node) else { return "Metrics must be a JSON object" }
        var fault: String?
        var nulls = 0
        index.forEachMember(of: node) { name, value in
            if fault != nil { return }
            if !isWithin(name, EventRules.nameCharacters) {
                fault = "The name of a metric can have \(EventRules.nameCharacters) characters"
            } else {
                switch index.kind(value) {
                case .integer, .double: break
                case .null: nulls += 1
                case .true, .false, .string, .escapedString, .array, .object:
                    fault = "Metrics.\(clipped(name)) must be a number"
                }
            }
        }
        column = self.column(node, nulls: nulls)
        names += index.count(node) - nulls
        return fault
    }

    private func column(_ node: JSONNode, nulls: Int) -> Column {
        if index.count(node) == nulls { return .absent }
        if nulls == 0 { return .slice(index.range(node)) }
        return .text(JSON.object((index.json(node).object ?? JSONObject()).withoutNulls).serialized)
    }

    private func context(_ members: [(name: StaticString, value: JSONNode)]) -> [UInt8]? {
        if members.isEmpty { return nil }
        var text: [UInt8] = []
        text.reserveCapacity(members.reduce(2) { $0 + $1.name.utf8CodeUnitCount + 4 + index.range($1.value).count })
        text.append(UInt8(ascii: "{"))
        for (name, value) in members {
            if text.count > 1 { text.append(UInt8(ascii: ",")) }
            text.append(UInt8(ascii: "\""))
            text.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
            text.append(UInt8(ascii: "\""))
            text.append(UInt8(ascii: ":"))
            index.bytes.withUnsafeBufferPointer { text.append(contentsOf: $0[index.range(value)]) }
        }
        text.append(UInt8(ascii: "}"))
        return text
    }

    private mutating func append(
        _ key: JSONNode, _ type: JSONNode, _ at: Instant, _ endpointKey: Int64, _ attributes: Column, _ metrics: Column,
        context: [UInt8]?
    ) {
        let index = index
        index.bytes.withUnsafeBytes { body in
            Self.withText(key, index, body) { key in
                Self.withText(type, index, body) { type in
                    Self.withColumn(attributes, body) { attributes in
                        Self.withColumn(metrics, body) { metrics in
                            Self.withColumn(context.map(Column.text) ?? .absent, body) { context in
                                events.append(
                                    endpointKey: endpointKey, eventKey: key, type: type, at: at, attributes: attributes,
                                    metrics: metrics, context: context)
                            }
                        }
                    }
                }
            }
        }
    }

    @inline(__always)
    private static func withText(
        _ node: JSONNode, _ index: JSONIndex, _ body: UnsafeRawBufferPointer, _ use: (UnsafeRawBufferPointer) -> Void
    ) {
        if let range = index.plainRange(node) { return use(UnsafeRawBufferPointer(rebasing: body[range])) }
        (index.stringBytes(node) ?? []).withUnsafeBytes(use)
    }

    @inline(__always)
    private static func withColumn(
        _ column: Column, _ body: UnsafeRawBufferPointer, _ use: (UnsafeRawBufferPointer?) -> Void
    ) {
        switch column {
        case .absent: use(nil)
        case .slice(let range): use(UnsafeRawBufferPointer(rebasing: body[range]))
        case .text(let text): text.withUnsafeBytes { use($0) }
        }
    }

    // MARK: Texts

    private func isEmpty(_ node: JSONNode) -> Bool { index.range(node).count == 2 }

    /// In characters (Unicode scalars); a text has no more of them than bytes.
    private func isWithin(_ node: JSONNode, _ limit: Int) -> Bool {
        if index.range(node).count - 2 <= limit { return true }
        return (index.string(node)?.unicodeScalars.count ?? 0) <= limit
    }

    private func instant(_ node: JSONNode) -> Instant? {
        guard let range = index.plainRange(node) else { return index.string(node).flatMap { ISO8601.parse($0) } }
        return index.bytes.withUnsafeBufferPointer { ISO8601.parse(UnsafeBufferPointer(rebasing: $0[range])) }
    }

    private func clipped(_ node: JSONNode) -> String { String((index.string(node) ?? "").prefix(50)) }
}
