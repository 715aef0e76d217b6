import Core
import PinpointAPI

/// `Needletail` of the SMS channel: whose numbers texts come from, how they are encoded, and where replies are passed on to.
enum SMSChannelExtension {
    private static let senderLimit = 50

    static func check(_ json: JSON, at path: WirePath) throws(APIError) {
        try NeedletailMembers.only(["Senders", "SmartEncoding", "TwoWay"], of: json, at: path)
        if let smart = json["SmartEncoding"], smart.bool == nil {
            throw path.member("SmartEncoding").refusal("must be true or false")
        }
        if let senders = json["Senders"] { try check(senders: senders, at: path.member("Senders")) }
        if let twoWay = json["TwoWay"] { try check(twoWay: twoWay, at: path.member("TwoWay")) }
    }

    private static func check(senders: JSON, at path: WirePath) throws(APIError) {
        guard let senders = senders.array, senders.count <= senderLimit else {
            throw path.refusal("must be a list of at most \(senderLimit) senders")
        }
        for (index, sender) in senders.enumerated() {
            let place = path.element(index)
            try NeedletailMembers.only(["Number", "SenderId", "Countries", "Weight"], of: sender, at: place)
            let number = sender["Number"]?.string
            guard (number == nil) != (sender["SenderId"]?.string == nil) else {
                throw place.refusal("must have either Number or SenderId")
            }
            if let number, !isNumber(number) {
                throw place.member("Number").refusal("must be E.164 (+15551230000) or a short code of 3 to 8 digits")
            }
            if let name = sender["SenderId"]?.string, !isName(name) {
                throw place.member("SenderId").refusal("must be 1 to 11 letters, digits, spaces or -, with a letter")
            }
            if let weight = sender["Weight"], weight.int.map({ (1...1000).contains($0) }) != true {
                throw place.member("Weight").refusal("must be an integer from 1 to 1000")
            }
            guard let countries = sender["Countries"] else { continue }
            guard let list = countries.array, !list.isEmpty, list.count <= 250,
                list.allSatisfy({ isCountry($0.string) })
            else { throw place.member("Countries").refusal("must be a list of two-letter country codes, such as US") }
        }
    }

    private static func check(twoWay: JSON, at path: WirePath) throws(APIError) {
        try NeedletailMembers.only(["Url", "TopicArn", "Secret"], of: twoWay, at: path)
        let (url, topic) = (twoWay["Url"]?.string, twoWay["TopicArn"]?.string)
        guard (url == nil) != (topic == nil) else { throw path.refusal("must have either Url or TopicArn") }
        if let url, !url.hasPrefix("https://") && !url.hasPrefix("http://") || url.utf8.count > 2048 {
            throw path.member("Url").refusal("must be an http or https URL of at most 2048 characters")
        }
        if let topic, !topic.hasPrefix("arn:") || topic.split(separator: ":").count != 6 {
            throw path.member("TopicArn").refusal("must be the ARN of an SNS topic")
        }
        try TextLimit.check(twoWay["Secret"]?.string, at: path.member("Secret"))
    }

    private static func isNumber(_ text: String) -> Bool {
        let digits = text.utf8.drop { $0 == 0x2B }
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
        return text.hasPrefix("+")
            ? text.utf8.count - digits.count == 1 && (7...15).contains(digits.count) : (3...8).contains(digits.count)
    }

    private static func isName(_ text: String) -> Bool {
        (1...11).contains(text.utf8.count) && text.utf8.contains { (0x41...0x5A).contains($0 & 0xDF) }
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || $0 == 0x20 || $0 == 0x2D
            }
    }

    private static func isCountry(_ text: String?) -> Bool {
        guard let text else { return false }
        return text.utf8.count == 2 && text.utf8.allSatisfy { (0x41...0x5A).contains($0) }
    }
}
