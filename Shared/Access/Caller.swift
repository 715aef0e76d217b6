package import Core

/// Who makes a request, once that is proved.
package struct Caller: Sendable, CustomStringConvertible {
    package enum Kind: Sendable {
        case signature
        case apiKey
        /// A publishable write key itself.
        case writeKey
        /// Temporary credentials that a write key was swapped for.
        case temporary
        /// Another process of this installation.
        case service
    }

    /// How far the credential reaches. `AccessPolicy` says what that means.
    package enum Scope: Sendable, Equatable {
        /// Everything of the account.
        case account
        /// What a write key may, in this app.
        case publishing(AppID)
    }

    package let account: String
    /// Of temporary credentials: the write key's.
    package let keyID: String
    /// The region of the signature's scope, else the installation's; it goes into ARNs.
    package let region: String
    package let kind: Kind
    package let scope: Scope

    package init(account: String, keyID: String, region: String, kind: Kind, scope: Scope) {
        self.account = account
        self.keyID = keyID
        self.region = region
        self.kind = kind
        self.scope = scope
    }

    /// The credential stands in pages and apps: whoever uses it need not be who it was made for.
    package var isPublic: Bool {
        switch scope {
        case .account: false
        case .publishing: true
        }
    }

    /// For refusals; ids are not secret.
    package var description: String {
        switch kind {
        case .signature: "key \(keyID)"
        case .apiKey: "API key \(keyID)"
        case .writeKey: "write key \(keyID)"
        case .temporary: "temporary credentials of write key \(keyID)"
        case .service: "a process of the installation"
        }
    }
}
