import Core
import Glibc

/// Reads a row's JSON straight into the cells of its columns.
///
/// What the SQL functions pass over (`needletail_texts`, `needletail_number`) is passed over here. What the two readings
/// of one definition might take differently (a lone text where a list belongs, a number in it) makes the row odd: while
/// it is held, no question about that source is answered.
struct RowReader: Sendable {
    /// By column number: a code, or the bits of a number.
    private(set) var cells: [UInt64] = []
    /// By source.
    private(set) var isOdd = [Bool](repeating: false, count: ColumnSource.allCases.count)
    /// One value in its canonical form.
    private var value: [UInt8] = []
    /// Where its texts begin.
    private var starts: [Int] = []
    /// To sort them.
    private var sorted: [UInt8] = []
    private var rawColumns: [Int] = []

    static let blankNumber = Double.nan.bitPattern

    private static let limits = JSONLimits(depth: 64, bytes: 1 << 24, membersPerObject: 10_000)

    mutating func read(_ row: ColumnRow, into catalog: inout ColumnCatalog) {
        for cell in cells.indices { cells[cell] = 0 }
        for column in rawColumns { cells[column] = Self.blankNumber }
        for source in isOdd.indices { isOdd[source] = false }
        makeRoom(catalog)
        if let channel = row.channelType {
            value.removeAll(keepingCapacity: true)
            var channel = channel
            channel.withUTF8 { Self.append($0, to: &value) }
            setCode(of: ColumnCatalog.channelType, in: &catalog)
        }
        if !row.importedInto.isEmpty { readImports(row.importedInto, into: &catalog) }
        read(row.attributes, .attributes, into: &catalog)
        read(row.userAttributes, .userAttributes, into: &catalog)
        read(row.metrics, .metrics, into: &catalog)
        read(row.demographic, .demographic, into: &catalog)
        read(row.location, .location, into: &catalog)
        if !catalog.changed.isEmpty {
            rawColumns = catalog.columns.indices.filter { catalog.columns[$0].form == .raw }
            for column in catalog.changed where catalog.columns[column].form == .unindexed { cells[column] = 0 }
        }
    }

    private mutating func makeRoom(_ catalog: ColumnCatalog) {
        while cells.count < catalog.columns.count { cells.append(0) }
    }

    private mutating func setCode(of column: Int, in catalog: inout ColumnCatalog) {
        cells[column] = UInt64(value.withUnsafeBufferPointer { catalog.code(column, $0) })
    }

    /// All memberships are one value: there are few combinations.
    private mutating func readImports(_ segments: [SegmentID], into catalog: inout ColumnCatalog) {
        value.removeAll(keepingCapacity: true)
        for segment in Set(segments).sorted() { value += segment.bytes }
        setCode(of: ColumnCatalog.imports, in: &catalog)
    }

    private mutating func read(_ text: [UInt8], _ source: ColumnSource, into catalog: inout ColumnCatalog) {
        // {}
        guard text.count > 2 else { return }
        guard let index = try? JSONIndex(text, limits: Self.limits) else {
            isOdd[source.rawValue] = true
            return
        }
        var previous = -1
        text.withUnsafeBufferPointer { bytes in
            index.forEachMember(of: index.root) { key, node in
                let found: Int?
                if let range = index.plainRange(key) {
                    found = catalog.column(source, UnsafeBufferPointer(rebasing: bytes[range]), after: previous)
                } else {
                    found = index.stringBytes(key)?.withUnsafeBufferPointer {
                        catalog.column(source, $0, after: previous)
                    }
                }
                guard let column = found else { return }
                if column >= cells.count { makeRoom(catalog) }
                previous = column
                read(node, of: index, bytes, source, column, into: &catalog)
            }
        }
    }

    @inline(__always)
    private mutating func read(
        _ node: JSONNode, of index: JSONIndex, _ bytes: UnsafeBufferPointer<UInt8>, _ source: ColumnSource,
        _ column: Int, into catalog: inout ColumnCatalog
    ) {
        if catalog.columns[column].isNumeric {
            if let number = index.double(node), number.isNormal || number == 0 {
                cells[column] = catalog.cell(column, number: number)
            }
            return
        }
        value.removeAll(keepingCapacity: true)
        switch index.kind(node) {
        case .null: return
        case .array where source == .attributes || source == .userAttributes:
            starts.removeAll(keepingCapacity: true)
            index.forEachElement(of: node) { element in
                if index.isString(element) {
                    starts.append(value.count)
                    append(element, of: index, bytes)
                } else if !index.isNull(element) {
                    isOdd[source.rawValue] = true
                }
            }
            if starts.count > 1 { sortTexts() }
        case .string, .escapedString:
            if source == .demographic || source == .location {
                append(node, of: index, bytes)
            } else {
                isOdd[source.rawValue] = true
            }
        case .object where index.count(node) == 0 && (source == .attributes || source == .userAttributes): return
        case .true, .false, .integer, .double:
            // As texts, numbers and truth values have a text in SQL; in place of a list they are none.
            if source == .demographic || source == .location { isOdd[source.rawValue] = true }
        case .array, .object:
            isOdd[source.rawValue] = true
        }
        if !value.isEmpty { setCode(of: column, in: &catalog) }
    }

    @inline(__always)
    private mutating func append(_ node: JSONNode, of index: JSONIndex, _ bytes: UnsafeBufferPointer<UInt8>) {
        if let range = index.plainRange(node) {
            Self.append(UnsafeBufferPointer(rebasing: bytes[range]), to: &value)
        } else if let text = index.stringBytes(node) {
            text.withUnsafeBufferPointer { Self.append($0, to: &value) }
        }
    }

    /// No test asks for an order or for repeats: the lists of one set of texts are one value.
    private mutating func sortTexts() {
        value.withUnsafeBufferPointer { bytes in
            func text(_ start: Int) -> UnsafeRawBufferPointer {
                let raw = UnsafeRawBufferPointer(bytes)
                let length = Int(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: start, as: UInt32.self)))
                return UnsafeRawBufferPointer(rebasing: raw[start..<start + 4 + length])
            }
            func order(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int32 {
                guard left.count == right.count else { return left.count < right.count ? -1 : 1 }
                guard let a = left.baseAddress, let b = right.baseAddress else { return 0 }
                return memcmp(a, b, left.count)
            }
            starts.sort { order(text($0), text($1)) < 0 }
            sorted.removeAll(keepingCapacity: true)
            for (place, start) in starts.enumerated()
            where place == 0 || order(text(starts[place - 1]), text(start)) != 0 {
                sorted.append(contentsOf: text(start))
            }
        }
        swap(&value, &sorted)
    }

    /// A value is a set of texts in the order of length and bytes, each behind its length in four bytes.
    @inline(__always)
    private static func append(_ text: UnsafeBufferPointer<UInt8>, to value: inout [UInt8]) {
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: text.count).littleEndian) { value.append(contentsOf: $0) }
        value.append(contentsOf: text)
    }
}
