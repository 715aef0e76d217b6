/// Who makes a request, once that is proved.
package struct Caller: Sendable {
    package enum Kind: Sendable {
        case signature
        case apiKey
        /// Another process of this installation.
        case service
    }

    package let account: String
    package let keyID: String
    /// The region of the signature's scope, else the installation's; it goes into ARNs.
    package let region: String
    package let kind: Kind

    package init(account: String, keyID: String, region: String, kind: Kind) {
        self.account = account
        self.keyID = keyID
        self.region = region
        self.kind = kind
    }
}
