import Core

/// A JSON object of lists, one item a line, handed on as it grows.
final class ExportDocument {
    private static let bufferBytes = 64 << 10

    private let sink: PersonExport.Sink
    private var buffer: [UInt8] = []
    private var isFirstItem = true

    init(sink: @escaping PersonExport.Sink) {
        self.sink = sink
    }

    /// `head` are members before the lists; there is at least one.
    func open(_ head: JSONObject) {
        append("{")
        for (index, member) in head.members.enumerated() {
            append(index == 0 ? "\n" : ",\n")
            buffer += JSON.string(member.key).serialized
            append(": ")
            buffer += member.value.serialized
        }
    }

    func begin(_ name: String) {
        append(",\n")
        buffer += JSON.string(name).serialized
        append(": [")
        isFirstItem = true
    }

    func item(_ json: JSON) throws {
        append(isFirstItem ? "\n  " : ",\n  ")
        isFirstItem = false
        buffer += json.serialized
        if buffer.count >= Self.bufferBytes { try flush() }
    }

    func end() {
        append(isFirstItem ? "]" : "\n]")
    }

    func section(_ name: String, _ items: [JSON]) throws {
        begin(name)
        for json in items { try item(json) }
        end()
    }

    func close() throws {
        append("\n}\n")
        try flush()
    }

    private func append(_ text: String) {
        buffer += text.utf8
    }

    private func flush() throws {
        try sink(buffer)
        buffer.removeAll(keepingCapacity: true)
    }
}
