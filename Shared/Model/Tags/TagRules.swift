package import PinpointAPI

/// What the wire types cannot say about tags; their counts and lengths are checked when a body is read.
package enum TagRules {
    package static let perResource = 50
    package static let keyCharacters = 128

    package static func check(_ tags: [String: String]?) throws(APIError) {
        for key in (tags ?? [:]).keys.sorted() where key.lowercased().hasPrefix("aws:") {
            throw .badRequest("tags.\(key): names that begin with aws: are reserved")
        }
    }

    /// Keys of an UntagResource. Unknown ones are no error.
    package static func check(keys: [String]) throws(APIError) {
        guard (1...perResource).contains(keys.count) else {
            throw .badRequest("tagKeys must be given 1 to \(perResource) times; got \(keys.count)")
        }
        for key in keys where !(1...keyCharacters).contains(key.unicodeScalars.count) {
            throw .badRequest("tagKeys must have 1 to \(keyCharacters) characters; got \(key.unicodeScalars.count)")
        }
    }
}
