/// How many bytes are replaced, added or taken away between two texts (Levenshtein): for "did you mean".
package enum EditDistance {
    /// The first of those that are nearest; nil of none. Takes time in the product of the lengths: for names, not for texts.
    package static func nearest(to name: String, among known: [String]) -> String? {
        known.min { between($0, name) < between($1, name) }
    }

    package static func between(_ left: String, _ right: String) -> Int {
        let right = Array(right.utf8)
        var row = Array(0...right.count)
        for (i, leftByte) in left.utf8.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, rightByte) in right.enumerated() {
                let replaced = diagonal + (leftByte == rightByte ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, min(row[j], row[j + 1]) + 1)
            }
        }
        return row[right.count]
    }
}
