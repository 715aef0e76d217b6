import Core
import Model
import PinpointAPI
import Testing

/// What templates say beyond Pinpoint for WhatsApp and for keys pressed in calls.
@Suite struct TemplateExtensionsTests {
    private func content(_ type: TemplateType, _ extensions: String) throws -> TemplateContent {
        try TemplateContent(type, request: JSON.parse(#"{"Body": "b", "Needletail": \#(extensions)}"#))
    }

    @Test func `every text that goes out is Handlebars and is found`() throws {
        let sms = try content(
            .sms,
            #"{"WhatsApp": {"Template": "t", "Language": "de", "Header": "h", "Parameters": ["1", "2"], "Buttons": ["x"]}}"#
        )
        try sms.checkExtensions()
        #expect(sms.parts.map(\.source) == ["b", "h", "1", "2", "x"])
        #expect(sms.parts[3].path.description == "Needletail.WhatsApp.Parameters[1]")
        #expect(
            sms.whatsAppContent
                == .init(template: "t", language: "de", header: .text("h"), parameters: ["1", "2"], buttons: ["x"]))
        let voice = try content(.voice, #"{"Gather": {"Prompt": "p"}, "OriginationNumber": "+12065550100"}"#)
        try voice.checkExtensions()
        #expect(voice.parts.map(\.source) == ["b", "p"])
    }

    @Test func `values in SSML are escaped, those in plain text are not`() throws {
        for (body, kind) in [
            ("<speak>x</speak>", TemplatePart.Kind.html), (" \n<speak version=\"1.1\">x</speak>", .html),
            ("Hello <b>", .text), ("<speaker>", .text),
        ] {
            let content = try TemplateContent(.voice, request: ["Body": .string(body)])
            #expect(content.parts.first?.kind == kind, "\(body)")
        }
    }

    @Test(
        arguments: [
            (.sms, #"{"WhatsApp": {"Template": "t"}}"#, "Needletail.WhatsApp.Language is required"),
            (.sms, #"{"WhatsApp": {"Template": "", "Language": "de"}}"#, "Needletail.WhatsApp.Template is required"),
            (
                .sms, #"{"WhatsApp": {"Template": "t", "Language": "de", "Header": "a", "HeaderImage": "b"}}"#,
                "Needletail.WhatsApp.HeaderImage and Header cannot be given together"
            ),
            (
                .sms, #"{"WhatsApp": {"Template": "t", "Language": "de", "Parameters": [1]}}"#,
                "Needletail.WhatsApp.Parameters must be a list of texts"
            ),
            (
                .sms, #"{"WhatsApp": {"Template": "t", "Language": "de", "Parameter": []}}"#,
                "Needletail.WhatsApp.Parameter is not known; did you mean Parameters?"
            ),
            (.sms, #"{"Gather": {}}"#, "Needletail.Gather is not known"),
            (.voice, #"{"Gather": {"NumDigits": 0}}"#, "Needletail.Gather.NumDigits must be between 1 and 32"),
            (.voice, #"{"Gather": {"Timeout": 61}}"#, "Needletail.Gather.Timeout must be between 1 and 60"),
            (
                .voice, #"{"Gather": {"OptOutDigit": 9}}"#,
                "Needletail.Gather.OptOutDigit must be one of the keys 0 to 9"
            ),
            (.voice, #"{"Gather": {"Prompt": ""}}"#, "Needletail.Gather.Prompt must have 1 to 1000 characters"),
            (.voice, #"{"OriginationNumber": 1}"#, "Needletail.OriginationNumber must be a phone number"),
            (.voice, #"{"WhatsApp": {}}"#, "Needletail.WhatsApp is not known"),
        ] as [(TemplateType, String, String)])
    func `what cannot be is refused by name`(type: TemplateType, extensions: String, words: String) throws {
        let content = try content(type, extensions)
        let error = #expect(throws: APIError.self) { try content.checkExtensions() }
        #expect(error?.message.hasPrefix(words) == true, "\(error?.message ?? "nothing")")
    }
}
