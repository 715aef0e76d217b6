/// Bounds of one parse. A body within them costs memory in proportion to its size and no recursion deeper than `depth`.
package struct JSONLimits: Sendable {
    package var depth: Int
    package var bytes: Int
    /// Members of one object.
    package var membersPerObject: Int

    package init(depth: Int, bytes: Int, membersPerObject: Int) {
        self.depth = depth
        self.bytes = bytes
        self.membersPerObject = membersPerObject
    }

    /// Pinpoint's request limit is 7 MB.
    package static let request = JSONLimits(depth: 64, bytes: 7 << 20, membersPerObject: 10_000)
}

/// Why a text is not acceptable JSON, and where: a byte offset and a path such as `BatchItem.e1.Endpoint.Metrics`.
package struct JSONFault: Error, Hashable, CustomStringConvertible {
    package var reason: String
    package var offset: Int
    package var path: String

    package init(reason: String, offset: Int, path: String) {
        self.reason = reason
        self.offset = offset
        self.path = path
    }

    package var description: String {
        path.isEmpty ? "\(reason) at byte \(offset)" : "\(reason) at \(path) (byte \(offset))"
    }
}
