import Core

extension RunPlan {
    /// What a WhatsApp template is filled in with: its name as Meta approved it, and Handlebars sources for its places.
    package struct WhatsAppContent: Sendable, Equatable {
        package var template: String
        /// `en_US`
        package var language: String
        /// A text, or the https URL of a picture.
        package var header: Header?
        /// For `{{1}}`, `{{2}}` … of the body.
        package var parameters: [String]
        /// The end of each button's URL, by the button's place.
        package var buttons: [String]

        package enum Header: Sendable, Equatable {
            case text(String)
            case image(String)
        }

        package init(
            template: String, language: String, header: Header? = nil, parameters: [String] = [], buttons: [String] = []
        ) {
            self.template = template
            self.language = language
            self.header = header
            self.parameters = parameters
            self.buttons = buttons
        }

        /// Every text that is Handlebars.
        package var sources: [String] {
            let header: [String] =
                switch self.header {
                case .text(let text), .image(let text): [text]
                case nil: []
                }
            return header + parameters + buttons
        }
    }

    /// Keys that a call asks for.
    package struct GatherContent: Sendable, Equatable {
        package var digits: Int
        package var timeoutSeconds: Int
        /// Handlebars; said after the message.
        package var prompt: String?
        package var optOutDigit: String?

        package init(digits: Int, timeoutSeconds: Int, prompt: String? = nil, optOutDigit: String? = nil) {
            self.digits = digits
            self.timeoutSeconds = timeoutSeconds
            self.prompt = prompt
            self.optOutDigit = optOutDigit
        }
    }
}

// MARK: The frozen form

extension RunPlan.WhatsAppContent {
    var json: JSON {
        var object: JSONObject = ["template": .string(template), "language": .string(language)]
        switch header {
        case .text(let text): object["header"] = .string(text)
        case .image(let url): object["image"] = .string(url)
        case nil: break
        }
        if !parameters.isEmpty { object["parameters"] = .array(parameters.map { .string($0) }) }
        if !buttons.isEmpty { object["buttons"] = .array(buttons.map { .string($0) }) }
        return .object(object)
    }

    init?(json: JSON) {
        guard let template = json["template"]?.string, let language = json["language"]?.string else { return nil }
        self.init(
            template: template, language: language,
            header: json["header"]?.string.map { .text($0) } ?? json["image"]?.string.map { .image($0) },
            parameters: json["parameters"]?.array?.compactMap(\.string) ?? [],
            buttons: json["buttons"]?.array?.compactMap(\.string) ?? [])
    }
}

extension RunPlan.GatherContent {
    var json: JSON {
        var object: JSONObject = ["digits": .integer(Int64(digits)), "timeout": .integer(Int64(timeoutSeconds))]
        object["prompt"] = prompt.map { .string($0) }
        object["opt_out"] = optOutDigit.map { .string($0) }
        return .object(object)
    }

    init?(json: JSON) {
        guard let digits = json["digits"]?.int, let timeout = json["timeout"]?.int else { return nil }
        self.init(
            digits: digits, timeoutSeconds: timeout, prompt: json["prompt"]?.string,
            optOutDigit: json["opt_out"]?.string)
    }
}
