package import Core
import Crypto

/// What follows from an endpoint's id alone: its row's key and its cohort.
package struct EndpointIdentity: Hashable, Sendable {
    /// The most that is taken of an id chosen by the client. Pinpoint documents no bound; a path has to carry it.
    package static let idLimitBytes = 2000
    package static let cohorts: UInt64 = 100

    /// First 64 bits of SHA-256 over the app's 16 bytes and the id. Two ids with one key are refused when they are written
    /// (`EndpointPlan`), never merged; among 10^9 endpoints of an app the chance of a pair is 3 %.
    package let key: Int64
    /// 0–99, from the next 64 bits: stable for ever, and independent of the key's order.
    package let cohort: Int16

    package init(app: AppID, id: some StringProtocol) {
        var bytes = app.bytes
        bytes.append(contentsOf: id.utf8)
        let (first, second) = SHA256.words(bytes)
        key = Int64(bitPattern: first)
        cohort = Int16(second % Self.cohorts)
    }

    package init(app: AppID, id: EndpointID) {
        self.init(app: app, id: id.rawValue)
    }
}
