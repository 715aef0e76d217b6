import Core

/// Reads members of one frozen object, or says which is wrong.
struct FrozenReader {
    let json: JSON

    init(_ json: JSON) {
        self.json = json
    }

    func fault(_ name: String) -> Fault {
        Fault(.integrity, "frozen segment: \(name) is missing or not as it was written")
    }

    func member(_ name: String) throws(Fault) -> JSON {
        guard let value = json[name] else { throw fault(name) }
        return value
    }

    func text(_ name: String) throws(Fault) -> String {
        guard let value = json[name]?.string else { throw fault(name) }
        return value
    }

    func texts(_ name: String) throws(Fault) -> [String] {
        guard let list = json[name]?.array else { throw fault(name) }
        let texts = list.compactMap(\.string)
        guard texts.count == list.count else { throw fault(name) }
        return texts
    }

    func number(_ name: String) throws(Fault) -> Double {
        guard let value = json[name]?.number else { throw fault(name) }
        return value
    }

    func integer(_ name: String) throws(Fault) -> Int64 {
        guard case .integer(let value)? = json[name] else { throw fault(name) }
        return value
    }

    func code<Code: RawRepresentable>(_ name: String, as: Code.Type = Code.self) throws(Fault) -> Code
    where Code.RawValue == String {
        guard let value = Code(rawValue: try text(name)) else { throw fault(name) }
        return value
    }

    func flag(_ name: String) throws(Fault) -> Bool {
        guard let value = json[name]?.bool else { throw fault(name) }
        return value
    }

    func int(_ name: String, in range: ClosedRange<Int>) throws(Fault) -> Int {
        guard let value = Int(exactly: try integer(name)), range.contains(value) else { throw fault(name) }
        return value
    }

    func list(_ name: String) throws(Fault) -> [FrozenReader] {
        guard let list = json[name]?.array else { throw fault(name) }
        return list.map(FrozenReader.init)
    }
}
