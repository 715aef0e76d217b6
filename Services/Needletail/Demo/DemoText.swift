/// Numbers and tables for people.
enum DemoText {
    /// `23,570`
    static func grouped(_ number: Int) -> String {
        var groups: [String] = []
        var rest = number
        while rest >= 1000 {
            let tail = String(rest % 1000)
            groups.insert(String(repeating: "0", count: 3 - tail.count) + tail, at: 0)
            rest /= 1000
        }
        return ([String(rest)] + groups).joined(separator: ",")
    }

    /// `34.1 %`
    static func percent(_ rate: Double) -> String {
        let tenths = Int((rate * 1000).rounded())
        return "\(tenths / 10).\(tenths % 10) %"
    }

    /// The first column to the left, the others to the right.
    static func table(_ rows: [[String]]) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            var line = "   "
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                line += " " + (column == 0 ? cell + padding : "  " + padding + cell)
            }
            return line
        }
    }
}
