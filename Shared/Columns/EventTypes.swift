/// The types of events, numbered from 1; 0 stands for all that came when there were too many.
struct EventTypes: Sendable {
    static let maximumTypes = 1000

    private var codes: [[UInt8]: Int] = [:]

    /// Codes in use, 0 included.
    var count: Int { codes.count + 1 }

    mutating func code(for type: String) -> Int {
        let name = Array(type.utf8)
        if let code = codes[name] { return code }
        guard codes.count < Self.maximumTypes else {
            isOverfull = true
            return 0
        }
        let code = codes.count + 1
        codes[name] = code
        return code
    }

    /// Types without a code have happened.
    private(set) var isOverfull = false

    func find(_ type: String) -> Finding {
        if let code = codes[Array(type.utf8)] { return .code(code) }
        return isOverfull ? .mixed : .absent
    }

    enum Finding {
        case code(Int)
        /// It never happened.
        case absent
        /// Its events, if any, cannot be told from those of other types.
        case mixed
    }

    var footprint: Int { codes.reduce(codes.capacity * 24) { $0 + $1.key.footprint } }
}
