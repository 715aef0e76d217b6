/// Where in a request body a value stands, as messages name it: `Item[3].Attributes.tier`.
///
/// Linked from the leaf to the root, so that going down costs one small box and no text until something is refused.
package indirect enum WirePath: Sendable, CustomStringConvertible {
    case root
    case member(WirePath, String)
    case element(WirePath, Int)

    package func member(_ name: String) -> WirePath { .member(self, name) }
    package func element(_ index: Int) -> WirePath { .element(self, index) }

    /// Keys of maps come from the caller and are cut at 64 characters. Empty at the root.
    package var description: String {
        switch self {
        case .root:
            return ""
        case .member(let parent, let name):
            let prefix = parent.description
            let clipped = name.utf8.count <= 64 ? name : name.prefix(64) + "…"
            return prefix.isEmpty ? clipped : "\(prefix).\(clipped)"
        case .element(let parent, let index):
            return "\(parent.description)[\(index)]"
        }
    }

    /// A refusal that names this place: `Schedule.Frequency must be a string`.
    package func refusal(_ complaint: String) -> APIError {
        let name = description
        return .badRequest(name.isEmpty ? "The request body \(complaint)" : "\(name) \(complaint)")
    }
}
