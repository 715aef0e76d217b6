package import PinpointAPI

/// Lambda functions and web URLs that customers name: the shapes of them that can be called at all (pinpoint-api §5).
package enum OutboundTarget {
    /// As the longest ARN that AWS has.
    private static let longest = 2048

    /// A campaign's hook. Empty strings are how Terraform writes what is not set.
    static func check(_ hook: CampaignHook?, at path: WirePath) throws(APIError) {
        guard let hook else { return }
        if hook.mode == .delivery {
            throw path.member("Mode").refusal(
                "must be FILTER: Pinpoint gave DELIVERY up; use CustomDeliveryConfiguration with a CustomMessage")
        }
        if hook.mode != nil, self.hook(hook) == nil {
            throw path.refusal("must have LambdaFunctionName or WebUrl with Mode")
        }
        try check(default: hook, at: path)
    }

    /// An app's hook, which its new campaigns take. Mode DELIVERY, which existing configurations have, is kept and does nothing.
    package static func check(default hook: CampaignHook?, at path: WirePath) throws(APIError) {
        switch (set(hook?.lambdaFunctionName), set(hook?.webUrl)) {
        case (_?, _?):
            throw path.refusal("must have LambdaFunctionName or WebUrl, not both")
        case (let function?, nil):
            try check(function: function, at: path.member("LambdaFunctionName"))
        case (nil, let url?):
            try check(url: url, at: path.member("WebUrl"))
        case (nil, nil): break
        }
    }

    static func check(_ delivery: CustomDeliveryConfiguration?, at path: WirePath) throws(APIError) {
        guard let delivery else { return }
        let place = path.member("DeliveryUri")
        guard let uri = set(delivery.deliveryUri) else { throw place.refusal("is required") }
        if uri.contains("://") {
            try check(url: uri, at: place)
        } else {
            try check(function: uri, at: place)
        }
    }

    /// Nil for a hook that names nobody, or filters nobody.
    static func hook(_ hook: CampaignHook?) -> RunHook? {
        if hook?.mode == .delivery { return nil }
        if let function = set(hook?.lambdaFunctionName) { return .lambda(function) }
        return set(hook?.webUrl).map { .web(url: $0) }
    }

    private static func set(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }

    /// A name, `name:alias`, `account:function:name` or an ARN, as Lambda's own API takes them.
    private static func check(function: String, at path: WirePath) throws(APIError) {
        let parts = function.split(separator: ":", omittingEmptySubsequences: false)
        let isWord = parts.allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x2D || $0 == 0x5F || $0 == 0x24 }
        }
        let isFunction =
            switch parts.count {
            case 1, 2: parts[0].utf8.count <= 64
            case 3, 4: parts[1] == "function" && parts[2].utf8.count <= 64
            case 7, 8:
                parts[0] == "arn" && parts[2] == "lambda" && parts[5] == "function" && parts[6].utf8.count <= 64
            default: false
            }
        guard isWord, isFunction, function.utf8.count <= longest else {
            throw path.refusal("must be the name or the ARN of a Lambda function; got \"\(function.prefix(64))\"")
        }
    }

    /// Pinpoint takes https, and of RFC 3986 only these characters.
    private static func check(url: String, at path: WirePath) throws(APIError) {
        let scheme = "https://"
        let rest = url.utf8.dropFirst(scheme.utf8.count)
        let host = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        guard url.utf8.starts(with: scheme.utf8), host.first.map(isAlphanumeric) == true else {
            throw path.refusal("must be a URL that begins with https:// and a host; got \"\(url.prefix(64))\"")
        }
        guard url.utf8.count <= longest else {
            throw path.refusal("must have at most \(longest) characters; got \(url.utf8.count)")
        }
        guard rest.allSatisfy({ isAlphanumeric($0) || "-._~?/#:".utf8.contains($0) }) else {
            throw path.refusal("must have letters, digits and -._~?/#: only")
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
