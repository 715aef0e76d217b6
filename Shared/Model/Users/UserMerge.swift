package import Core

/// A recorded change of an endpoint's user: an anonymous endpoint was given a user, or another one.
package struct UserMerge: Sendable {
    package let id: Int64
    package let endpointKey: Int64
    package let endpoint: EndpointID
    /// Nil: the endpoint was nobody's.
    package let from: UserID?
    package let to: UserID
    package let at: Instant
    package let undoneAt: Instant?
    /// Nobody knew `to` before.
    let madeUser: Bool
}

/// Why a merge cannot be undone, in a sentence for whoever asked.
package struct UnmergeRefusal: Error, CustomStringConvertible {
    package let description: String
}
