import CLinux
import EventLoop
import Glibc

/// Named points at which a test may have the process die as if its machine had lost power (SIGKILL to itself).
///
/// Off, and one load and branch, unless `NEEDLETAIL_FAILPOINT` is set when the process starts.
package enum Failpoint {
    private static let armed: Armed? = getenv("NEEDLETAIL_FAILPOINT").flatMap { Plan(String(cString: $0)) }.map {
        Armed($0)
    }

    /// Marks a point. `name` is lower-case words with underscores, unique in the product.
    package static func hit(_ name: StaticString) {
        guard let armed else { return }
        armed.pass(name.description)
    }

    /// `name:abort@3` dies at the third pass; `name:abort@p0.01` at each pass with that probability.
    package struct Plan: Sendable, Equatable {
        package enum Trigger: Sendable, Equatable {
            case pass(Int)
            case probability(Double)
        }

        package let triggers: [String: Trigger]

        package init?(_ text: String) {
            var triggers: [String: Trigger] = [:]
            for item in text.split(separator: ",", omittingEmptySubsequences: false) {
                let parts = item.split(separator: ":", omittingEmptySubsequences: false)
                guard parts.count == 2, !parts[0].isEmpty, parts[1].hasPrefix("abort@") else { return nil }
                let when = parts[1].dropFirst("abort@".count)
                let trigger: Trigger
                if when.hasPrefix("p") {
                    guard let share = Double(when.dropFirst()), share > 0, share <= 1 else { return nil }
                    trigger = .probability(share)
                } else {
                    guard let pass = Int(when), pass > 0 else { return nil }
                    trigger = .pass(pass)
                }
                guard triggers.updateValue(trigger, forKey: String(parts[0])) == nil else { return nil }
            }
            self.triggers = triggers
        }
    }

    private final class Armed: Sendable {
        private let plan: Plan
        private let passes = Lock<[String: Int]>([:])

        init(_ plan: Plan) {
            self.plan = plan
        }

        func pass(_ name: String) {
            guard let trigger = plan.triggers[name] else { return }
            let count = passes.withLock { passes in
                passes[name, default: 0] += 1
                return passes[name, default: 0]
            }
            switch trigger {
            case .pass(let pass): if count == pass { die() }
            case .probability(let share): if Self.chance() < share { die() }
            }
        }

        private func die() {
            kill(getpid(), SIGKILL)
        }

        /// Even over 0 ..< 1.
        private static func chance() -> Double {
            var word: UInt64 = 0
            _ = getrandom(&word, 8, 0)
            return Double(word >> 11) * 0x1p-53
        }
    }
}
