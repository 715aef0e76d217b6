/// A table of `ops/data` as it is compiled in: tab-separated lines behind one header line; `#` begins a comment.
package enum DataTable {
    /// What is wrong with a table, and where.
    package struct Fault: Error, CustomStringConvertible {
        package let table: String
        package let line: Int
        package let message: String

        package var description: String { "\(table), line \(line): \(message)" }
    }

    /// What is wrong with a row.
    package struct Complaint: Error {
        package let message: String

        package init(_ message: String) { self.message = message }
    }

    /// Lines of `text` after its header, without comments, each split at its tabs.
    package static func rows<Row>(
        _ table: String, _ text: String, columns: Int, _ parse: ([String]) throws(Complaint) -> Row
    ) throws(Fault) -> [Row] {
        var rows: [Row] = []
        var sawHeader = false
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.isEmpty || line.hasPrefix("#") { continue }
            if !sawHeader {
                sawHeader = true
                continue
            }
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            do throws(Complaint) {
                guard fields.count == columns else { throw Complaint("\(columns) columns expected") }
                rows.append(try parse(fields))
            } catch {
                throw Fault(table: table, line: index + 1, message: error.message)
            }
        }
        return rows
    }
}
