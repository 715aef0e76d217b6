/// One column of one block: codes of one or two bytes, or numbers by themselves. Absent while no row has a value.
struct BlockColumn: Sendable {
    /// Codes, while all fit one byte. At most one of the three arrays is not empty.
    private(set) var narrow: [UInt8] = []
    private(set) var wide: [UInt16] = []
    /// NaN: no value.
    private(set) var numbers: [Double] = []

    var isAbsent: Bool { narrow.isEmpty && wide.isEmpty && numbers.isEmpty }

    func code(at row: Int) -> Int {
        if !narrow.isEmpty { return Int(narrow[row]) }
        return wide.isEmpty ? 0 : Int(wide[row])
    }

    func number(at row: Int) -> Double { numbers.isEmpty ? .nan : numbers[row] }

    /// `rows`: how many the block has.
    mutating func set(code: Int, at row: Int, rows: Int) {
        if narrow.isEmpty, wide.isEmpty {
            guard code != 0 else { return }
            fill(code, rows: rows)
        }
        if !wide.isEmpty {
            wide[row] = UInt16(truncatingIfNeeded: code)
        } else if code <= 0xFF {
            narrow[row] = UInt8(truncatingIfNeeded: code)
        } else {
            widen()
            wide[row] = UInt16(truncatingIfNeeded: code)
        }
    }

    mutating func set(number: Double, at row: Int, rows: Int) {
        if numbers.isEmpty {
            guard !number.isNaN else { return }
            numbers = [Double](repeating: .nan, count: rows)
        }
        numbers[row] = number
    }

    /// `rows`: how many the block has without the new one.
    mutating func insert(code: Int, at row: Int, rows: Int) {
        if narrow.isEmpty, wide.isEmpty {
            guard code != 0 else { return }
            fill(code, rows: rows)
        }
        if code > 0xFF, wide.isEmpty, rows > 0 { widen() }
        if wide.isEmpty, code <= 0xFF {
            narrow.insert(UInt8(truncatingIfNeeded: code), inBlockAt: row)
        } else {
            wide.insert(UInt16(truncatingIfNeeded: code), inBlockAt: row)
        }
    }

    mutating func insert(number: Double, at row: Int, rows: Int) {
        if numbers.isEmpty {
            guard !number.isNaN else { return }
            numbers = [Double](repeating: .nan, count: rows)
        }
        numbers.insert(number, inBlockAt: row)
    }

    /// Keeps the rows whose places `kept` lists, ascending.
    func selecting(_ kept: [UInt16]) -> BlockColumn {
        var column = BlockColumn()
        if !narrow.isEmpty { column.narrow = narrow.selecting(kept) }
        if !wide.isEmpty { column.wide = wide.selecting(kept) }
        if !numbers.isEmpty { column.numbers = numbers.selecting(kept) }
        return column
    }

    /// Adds the rows of the block that follows.
    mutating func append(_ other: BlockColumn, rows: Int, otherRows: Int) {
        guard !isAbsent || !other.isAbsent else { return }
        if !numbers.isEmpty || !other.numbers.isEmpty {
            if numbers.isEmpty { numbers = [Double](repeating: .nan, count: rows) }
            numbers += other.numbers.isEmpty ? [Double](repeating: .nan, count: otherRows) : other.numbers
            return
        }
        if narrow.isEmpty, wide.isEmpty { narrow = [UInt8](repeating: 0, count: rows) }
        if !other.wide.isEmpty, wide.isEmpty { widen() }
        if wide.isEmpty {
            narrow += other.narrow.isEmpty ? [UInt8](repeating: 0, count: otherRows) : other.narrow
        } else if !other.wide.isEmpty {
            wide += other.wide
        } else {
            for row in 0..<otherRows { wide.append(UInt16(other.code(at: row))) }
        }
    }

    /// From codes to the numbers that they stand for.
    mutating func convert(rows: Int, number: (Int) -> Double) {
        guard !isAbsent, numbers.isEmpty else { return }
        numbers = (0..<rows).map { row in
            let code = code(at: row)
            return code == 0 ? .nan : number(code)
        }
        narrow = []
        wide = []
    }

    /// Each code becomes the one that `codes` has in its place.
    mutating func recode(_ codes: [UInt16]) {
        for row in narrow.indices { narrow[row] = UInt8(truncatingIfNeeded: codes[Int(narrow[row])]) }
        for row in wide.indices { wide[row] = codes[Int(wide[row])] }
    }

    mutating func shrinkToFit() {
        narrow.shrinkToFit()
        wide.shrinkToFit()
        numbers.shrinkToFit()
    }

    var footprint: Int { narrow.footprint + wide.footprint + numbers.footprint }

    private mutating func fill(_ code: Int, rows: Int) {
        if code <= 0xFF {
            narrow = [UInt8](repeating: 0, count: rows)
        } else {
            wide = [UInt16](repeating: 0, count: rows)
        }
    }

    private mutating func widen() {
        wide = narrow.map(UInt16.init)
        narrow = []
    }
}

extension Array where Element: BitwiseCopyable {
    /// Grows by halves and never past a block, so that little room is left over.
    mutating func insert(_ element: Element, inBlockAt row: Int) {
        if count == capacity { reserveCapacity(Swift.min(ColumnBlock.maximumRows, Swift.max(16, count + count / 2))) }
        if row == count { append(element) } else { insert(element, at: row) }
    }

    func selecting(_ kept: [UInt16]) -> [Element] {
        [Element](unsafeUninitializedCapacity: kept.count) { buffer, initialized in
            for (place, row) in kept.enumerated() { buffer.initializeElement(at: place, to: self[Int(row)]) }
            initialized = kept.count
        }
    }
}
