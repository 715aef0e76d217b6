import Core
import Model

/// `--name value` pairs behind a command. Wrong usage is a `Fault` that says what is wrong.
struct CommandOptions {
    private var values: [String: String] = [:]

    /// Every option at most once, and none that `allowed` lacks.
    init(_ arguments: some Sequence<String>, allowed: [String]) throws(Fault) {
        var rest = Array(arguments)[...]
        while let name = rest.popFirst() {
            guard name.hasPrefix("--"), allowed.contains(String(name.dropFirst(2))) else {
                throw Fault(.invalid, "\(name) is not one of \(allowed.map { "--\($0)" }.joined(separator: ", "))")
            }
            guard let value = rest.popFirst(), !value.isEmpty else { throw Fault(.invalid, "\(name) needs a value") }
            guard values.updateValue(value, forKey: String(name.dropFirst(2))) == nil else {
                throw Fault(.invalid, "\(name) is given twice")
            }
        }
    }

    subscript(name: String) -> String? { values[name] }

    func required(_ name: String) throws(Fault) -> String {
        guard let value = values[name] else { throw Fault(.invalid, "--\(name) is required") }
        return value
    }

    /// `--app`.
    func app() throws(Fault) -> AppID {
        let text = try required("app")
        guard let app = AppID(text) else { throw Fault(.invalid, "--app must be 32 hex digits; got \(text)") }
        return app
    }
}
