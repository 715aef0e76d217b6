import Segments

/// One byte a row of a block, 1 for in and 0 for out. The loops are plain, so that the compiler vectorises them.
struct RowMask {
    let bytes: UnsafeMutablePointer<UInt8>
    let count: Int

    func fill(_ isIn: Bool) {
        bytes.update(repeating: isIn ? 1 : 0, count: count)
    }

    /// Whether any row is left in.
    func formIntersection(_ other: RowMask) -> Bool {
        var rest: UInt8 = 0
        for row in 0..<count {
            let both = bytes[row] & other.bytes[row]
            bytes[row] = both
            rest |= both
        }
        return rest != 0
    }

    func formUnion(_ other: RowMask) {
        for row in 0..<count { bytes[row] |= other.bytes[row] }
    }

    func invert() {
        for row in 0..<count { bytes[row] ^= 1 }
    }

    var isEmpty: Bool {
        var rest: UInt8 = 0
        for row in 0..<count { rest |= bytes[row] }
        return rest == 0
    }

    var population: Int {
        sum {
            Self.vector(bytes, $0)
        } rest: {
            bytes[$0]
        }
    }

    typealias Vector = SIMD16<UInt8>

    @inline(__always)
    static func vector(_ bytes: UnsafePointer<UInt8>, _ row: Int) -> Vector {
        UnsafeRawPointer(bytes).loadUnaligned(fromByteOffset: row, as: Vector.self)
    }

    /// 0xFF where they are equal.
    @inline(__always)
    static func equal(_ left: Vector, _ right: Vector) -> Vector {
        unsafeBitCast(left .== right, to: Vector.self)
    }

    /// The sum over the rows of bytes that are 0 or 1: 16 sums side by side, taken together before any can overflow.
    @inline(__always)
    func sum(_ vector: (Int) -> Vector, rest: (Int) -> UInt8) -> Int {
        var total = 0
        var row = 0
        while row &+ 16 <= count {
            let end = min(row &+ 16 &* 255, count &- 15)
            var part = Vector.zero
            while row < end {
                part &+= vector(row)
                row &+= 16
            }
            for lane in part.indices { total &+= Int(part[lane]) }
        }
        while row < count {
            total &+= Int(rest(row))
            row &+= 1
        }
        return total
    }

    /// Calls `body` for each row that is in, ascending, 32 rows at a glance.
    @inline(__always)
    func forEachRow(_ body: (Int) -> Void) {
        let raw = UnsafeRawPointer(bytes)
        var row = 0
        while row &+ 32 <= count {
            let words = raw.loadUnaligned(fromByteOffset: row, as: SIMD4<UInt64>.self)
            let pairs = words.lowHalf | words.highHalf
            if pairs[0] | pairs[1] != 0 {
                for lane in 0..<4 {
                    var word = UInt64(littleEndian: words[lane])
                    while word != 0 {
                        body(row &+ lane &* 8 &+ word.trailingZeroBitCount &>> 3)
                        word &= word &- 1
                    }
                }
            }
            row &+= 32
        }
        while row < count {
            if bytes[row] != 0 { body(row) }
            row &+= 1
        }
    }
}

// MARK: Tests that write a mask

extension RowMask {
    /// `codes` of one or two bytes.
    @inline(__always)
    private func compare<Code: FixedWidthInteger & UnsignedInteger>(
        _ codes: UnsafePointer<Code>, _ runs: some Collection<ClosedRange<Int>>
    ) {
        var isFirst = true
        for run in runs {
            let low = Code(truncatingIfNeeded: run.lowerBound)
            let span = Code(truncatingIfNeeded: run.upperBound - run.lowerBound)
            if isFirst {
                for row in 0..<count { bytes[row] = codes[row] &- low <= span ? 1 : 0 }
            } else {
                for row in 0..<count { bytes[row] |= codes[row] &- low <= span ? 1 : 0 }
            }
            isFirst = false
        }
        if isFirst { fill(false) }
    }

    @inline(__always)
    private func look<Code: FixedWidthInteger & UnsignedInteger>(
        _ codes: UnsafePointer<Code>, up table: UnsafePointer<UInt8>, among candidates: RowMask?
    ) {
        guard let candidates else {
            for row in 0..<count { bytes[row] = table[Int(truncatingIfNeeded: codes[row])] }
            return
        }
        fill(false)
        candidates.forEachRow { bytes[$0] = table[Int(truncatingIfNeeded: codes[$0])] }
    }

    /// Rows whose code is in `set`. Comparing costs a pass a run, of 16 rows a step; looking up goes row by row.
    func set(_ column: BlockColumn, _ set: CodeSet, among candidates: RowMask?) {
        column.narrow.withUnsafeBufferPointer { narrow in
            column.wide.withUnsafeBufferPointer { wide in
                set.table.withUnsafeBufferPointer { table in
                    guard let table = table.baseAddress else { return }
                    if let codes = narrow.baseAddress, narrow.count == count {
                        // Codes above a byte do not occur here.
                        let runs = set.runs.prefix { $0.lowerBound <= 0xFF }
                        if runs.count <= (candidates == nil ? 6 : 3) {
                            compare(codes, runs.lazy.map { $0.lowerBound...min($0.upperBound, 0xFF) })
                        } else {
                            look(codes, up: table, among: candidates)
                        }
                    } else if let codes = wide.baseAddress, wide.count == count {
                        if set.runs.count <= 3 {
                            compare(codes, set.runs)
                        } else {
                            look(codes, up: table, among: candidates)
                        }
                    } else {
                        fill(set.hasMissing)
                    }
                }
            }
        }
    }

    func set(_ column: BlockColumn, _ comparison: Comparison, _ bound: Double) {
        column.numbers.withUnsafeBufferPointer { buffer in
            guard let numbers = buffer.baseAddress, buffer.count == count else { return fill(false) }
            switch comparison {
            case .greaterThan: for row in 0..<count { bytes[row] = numbers[row] > bound ? 1 : 0 }
            case .lessThan: for row in 0..<count { bytes[row] = numbers[row] < bound ? 1 : 0 }
            case .greaterThanOrEqual: for row in 0..<count { bytes[row] = numbers[row] >= bound ? 1 : 0 }
            case .lessThanOrEqual: for row in 0..<count { bytes[row] = numbers[row] <= bound ? 1 : 0 }
            case .equal: for row in 0..<count { bytes[row] = numbers[row] == bound ? 1 : 0 }
            }
        }
    }

    /// Rows with a time at or after `bound`; adds to those that are in when `isUnion`.
    func set(_ seconds: [UInt32], since bound: UInt32, isUnion: Bool = false) {
        seconds.withUnsafeBufferPointer { buffer in
            guard let seconds = buffer.baseAddress, buffer.count == count else {
                if !isUnion { fill(false) }
                return
            }
            if isUnion {
                for row in 0..<count { bytes[row] |= seconds[row] >= bound ? 1 : 0 }
            } else {
                for row in 0..<count { bytes[row] = seconds[row] >= bound ? 1 : 0 }
            }
        }
    }

    func set(_ cohorts: [UInt8], in range: Range<Int>) {
        cohorts.withUnsafeBufferPointer { buffer in
            guard let cohorts = buffer.baseAddress, buffer.count == count else { return }
            compare(cohorts, CollectionOfOne(range.lowerBound...range.upperBound - 1))
        }
    }
}
