package import Core

package enum InboundCallNoun {}
package typealias InboundCallID = HexID<InboundCallNoun>

/// A provider's call as it is kept: believed, not yet read.
package struct StoredCall: Sendable, Equatable {
    package struct Header: Sendable, Equatable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package var id: InboundCallID
    package var app: AppID
    package var provider: ProviderID
    package var kind: String
    package var channel: String
    package var method: String
    package var what: String
    package var url: String
    package var query: String
    package var headers: [Header]
    package var body: [UInt8]
    /// Real time.
    package var receivedAt: Instant

    package init(
        id: InboundCallID, app: AppID, provider: ProviderID, kind: String, channel: String, method: String = "POST",
        what: String, url: String = "", query: String = "", headers: [Header] = [], body: [UInt8], receivedAt: Instant
    ) {
        self.id = id
        self.app = app
        self.provider = provider
        self.kind = kind
        self.channel = channel
        self.method = method
        self.what = what
        self.url = url
        self.query = query
        self.headers = headers
        self.body = body
        self.receivedAt = receivedAt
    }

    /// 48 bits of milliseconds and 80 random ones: in order of time, and made before the row is.
    package static func newID(at now: Instant, _ environment: Environment) -> InboundCallID {
        InboundCallID(
            high: UInt64(bitPattern: now.milliseconds) << 16 | environment.randomWord() & 0xFFFF,
            low: environment.randomWord())
    }

    /// Calls that say what became of messages come in floods; what a person said or wants goes before them.
    var isReport: Bool { ["receipts", "events", "status", "dlr"].contains(what) }
}

extension StoredCall: GroupCommitItem {
    package var rows: Int { 1 }
    package var bytes: Int {
        headers.reduce(512 + url.utf8.count + body.count) { $0 + $1.name.utf8.count + $1.value.utf8.count }
    }
}
