import EventLoop

/// Whether a provider has taken anything since it was configured, by a key of its choice: only then does a refusal that may be the
/// configuration's fault say something about one address, and may mark it dead.
final class AcceptedBefore: Sendable {
    /// Bounds memory; beyond it nothing is learnt, which only spares addresses.
    private static let capacity = 1000
    private let keys = Lock<Set<String>>([])

    func note(_ key: String = "") {
        keys.withLock { keys in
            if keys.count < Self.capacity { keys.insert(key) }
        }
    }

    func contains(_ key: String = "") -> Bool { keys.withLock { $0.contains(key) } }
}
