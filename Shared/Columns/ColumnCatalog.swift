import Core

/// Where a column's values come from.
enum ColumnSource: Int, CaseIterable, Sendable {
    case channelType, imports
    case attributes, userAttributes, metrics, demographic, location

    /// An app chooses the names itself.
    var hasOpenNames: Bool {
        switch self {
        case .attributes, .userAttributes, .metrics: true
        case .channelType, .imports, .demographic, .location: false
        }
    }
}

/// One column of the index: where it comes from, and what its codes stand for.
struct Column: Sendable {
    enum Form: Sendable {
        /// Rows hold codes of `dictionary`.
        case coded
        /// Rows hold the numbers themselves: there are too many different ones.
        case raw
        /// Not held: too many different values, or too long ones. Nothing about it is answered until the index is rebuilt.
        case unindexed
    }

    let source: ColumnSource
    /// UTF-8.
    let name: [UInt8]
    let isNumeric: Bool
    var form = Form.coded
    var dictionary = CodeDictionary()
    /// The column that followed in the last row: rows of one app look alike.
    var successor = -1

    /// It had values, and no row has one any more.
    var isEmptied: Bool { dictionary.codeCount > 1 && dictionary.liveCount == 0 }
}

/// The columns of one index by source and name.
struct ColumnCatalog: Sendable {
    /// Of one source. Names beyond it are not held.
    static let maximumNames = 1000

    private(set) var columns: [Column] = []
    private var numbers: [[[UInt8]: Int]]
    /// By source: the first column of the last row.
    private var first = [Int](repeating: -1, count: ColumnSource.allCases.count)
    /// By source: names were left out, so an unknown name need not be absent.
    private var isOverfull = [Bool](repeating: false, count: ColumnSource.allCases.count)
    /// Columns whose form changed while a row was read; their blocks are to be converted.
    private(set) var changed: [Int] = []

    static let channelType = 0
    static let imports = 1
    static let country = 2
    static let latitude = 3
    static let longitude = 4

    init() {
        numbers = [[[UInt8]: Int]](repeating: [:], count: ColumnSource.allCases.count)
        add(.channelType, [], isNumeric: false)
        add(.imports, [], isNumeric: false)
        add(.location, Array("Country".utf8), isNumeric: false)
        add(.location, Array("Latitude".utf8), isNumeric: true)
        add(.location, Array("Longitude".utf8), isNumeric: true)
        for name in ["AppVersion", "DeviceType", "Make", "Model", "Platform"] {
            add(.demographic, Array(name.utf8), isNumeric: false)
        }
    }

    private mutating func add(_ source: ColumnSource, _ name: [UInt8], isNumeric: Bool) {
        numbers[source.rawValue][name] = columns.count
        columns.append(Column(source: source, name: name, isNumeric: isNumeric))
    }

    /// What a question finds under a name.
    enum Finding {
        case column(Int)
        /// No row has a value.
        case absent
        /// There may be values, but they are not held.
        case unindexed
    }

    func find(_ source: ColumnSource, _ name: String) -> Finding {
        if let number = numbers[source.rawValue][Array(name.utf8)] {
            return columns[number].form == .unindexed ? .unindexed : .column(number)
        }
        return isOverfull[source.rawValue] ? .unindexed : .absent
    }

    /// The column of a member of a row, new if need be; nil when it is not held. `previous`: the column of the member
    /// before it, or −1.
    @inline(__always)
    mutating func column(_ source: ColumnSource, _ name: UnsafeBufferPointer<UInt8>, after previous: Int) -> Int? {
        let expected = previous < 0 ? first[source.rawValue] : columns[previous].successor
        if expected >= 0, columns[expected].name.isSame(as: name) { return expected }
        return lookUp(source, name, after: previous)
    }

    @inline(never)
    private mutating func lookUp(
        _ source: ColumnSource, _ name: UnsafeBufferPointer<UInt8>, after previous: Int
    ) -> Int? {
        let key = Array(name)
        if numbers[source.rawValue][key] == nil {
            guard source.hasOpenNames else { return nil }
            guard numbers[source.rawValue].count < Self.maximumNames else {
                isOverfull[source.rawValue] = true
                return nil
            }
            add(source, key, isNumeric: source == .metrics)
        }
        guard let number = numbers[source.rawValue][key] else { return nil }
        if previous < 0 { first[source.rawValue] = number } else { columns[previous].successor = number }
        return number
    }

    /// The code of a value; 0 when the column is not held, or no longer.
    @inline(__always)
    mutating func code(_ column: Int, _ value: UnsafeBufferPointer<UInt8>) -> Int {
        guard columns[column].form == .coded else { return 0 }
        if let code = columns[column].dictionary.code(for: value) { return code }
        columns[column].form = .unindexed
        changed.append(column)
        return 0
    }

    /// The cell of a number: a code, or the number's bits once the column is raw.
    mutating func cell(_ column: Int, number: Double) -> UInt64 {
        if columns[column].form == .coded {
            // Minus zero equals zero.
            let bits = (number + 0).bitPattern
            let code = withUnsafeBytes(of: bits) { bytes in
                bytes.withMemoryRebound(to: UInt8.self) { columns[column].dictionary.code(for: $0) }
            }
            if let code { return UInt64(code) }
            columns[column].form = .raw
            changed.append(column)
        }
        return number.bitPattern
    }

    mutating func retain(_ code: Int, column: Int) {
        if columns[column].form == .coded { columns[column].dictionary.retain(code) }
    }

    mutating func release(_ code: Int, column: Int) {
        if columns[column].form == .coded { columns[column].dictionary.release(code) }
    }

    mutating func resetDictionary(of column: Int) {
        columns[column].dictionary = CodeDictionary()
    }

    /// After the blocks were converted.
    mutating func finishChanges() {
        for column in changed { columns[column].dictionary = CodeDictionary() }
        changed = []
    }

    /// Numbers a column's values anew, in the order of numbers or bytes; returns the new codes by the old ones.
    mutating func sortCodes(of column: Int) -> [UInt16] {
        if columns[column].isNumeric {
            return columns[column].dictionary.sort { CodeDictionary.number(in: $0) < CodeDictionary.number(in: $1) }
        }
        return columns[column].dictionary.sort { $0.lexicographicallyPrecedes($1) }
    }

    mutating func shrinkToFit() {
        for column in columns.indices { columns[column].dictionary.shrinkToFit() }
    }

    var footprint: Int {
        columns.reduce(columns.capacity * MemoryLayout<Column>.stride) {
            // A name stands here and in the table by name.
            $0 + $1.dictionary.footprint + $1.name.footprint + 64
        }
    }
}

extension CodeDictionary {
    /// Of a numeric column.
    func number(of code: Int) -> Double { withValue(of: code, Self.number) }

    static func number(in value: UnsafeBufferPointer<UInt8>) -> Double {
        Double(bitPattern: UnsafeRawBufferPointer(value).loadUnaligned(as: UInt64.self))
    }
}

extension [UInt8] {
    @inline(__always)
    func isSame(as other: UnsafeBufferPointer<UInt8>) -> Bool {
        guard count == other.count else { return false }
        var index = 0
        while index < other.count {
            guard self[index] == other[index] else { return false }
            index &+= 1
        }
        return true
    }
}
