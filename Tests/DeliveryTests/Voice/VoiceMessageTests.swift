import Core
import Model
import Providers
import Templates
import TestKit
import Testing

@testable import Delivery

/// What a person hears: a text or an SSML document, filled in so that nobody's name breaks it.
@Suite struct VoiceMessageTests {
    private func person(_ name: String, address: String? = "+1 (415) 555-0100") -> Recipient {
        var recipient = Recipient(
            key: 1, endpointID: "e", channelType: "VOICE", address: address, optOut: "NONE", status: "ACTIVE",
            cohort: 0,
            userID: nil, effectiveAt: Instant(seconds: 0), createdAt: Instant(seconds: 0))
        recipient.attributes = JSON.object(["Name": [.string(name)]]).serialized
        return recipient
    }

    private func call(_ content: RunPlan.VoiceContent, for recipient: Recipient) throws(Refusal) -> OutgoingCall {
        let program: VoiceMessageProgram
        do {
            program = try VoiceMessageProgram(content)
        } catch {
            throw Refusal(.rendering, "\(error)")
        }
        return try program.compose(recipient, token: "t", .of(TestEnvironment.make()))
    }

    private func refusal(_ content: RunPlan.VoiceContent, for recipient: Recipient) -> SendOutcome? {
        do throws(Refusal) {
            _ = try call(content, for: recipient)
            return nil
        } catch {
            return error.outcome
        }
    }

    @Test func `plain text stays plain, and its number is E.164`() throws {
        let call = try call(
            .init(
                body: "Hello {{Attributes.Name}} & {{> bye}}", languageCode: "en-GB", voiceID: "AMY",
                originationNumber: "+442079460000",
                gather: .init(digits: 1, timeoutSeconds: 5, prompt: "{{Attributes.Name}}, press 9", optOutDigit: "9"),
                snippets: ["bye": "good bye"]),
            for: person("Tom & <Jerry>\u{7}"))
        #expect(call.to == "+14155550100" && call.from == "+442079460000")
        #expect(call.body == "Hello Tom & <Jerry> & good bye" && !call.isSSML)
        #expect(call.languageCode == "en-GB" && call.voiceID == "AMY" && call.token == "t")
        #expect(call.gather?.prompt == "Tom & <Jerry>, press 9" && call.gather?.optOutDigit == "9")
    }

    @Test(arguments: ["Tom & Jerry", "<break/>", "\"'`=", "]]>", "a\u{0}b\u{8}c", "&amp;", "<!--", "日本 😀"])
    func `a name is text of the document, whatever it is`(name: String) throws {
        let content = RunPlan.VoiceContent(
            body:
                "<speak xml:lang=\"en-US\">Hi <emphasis level='strong'>{{Attributes.Name}}</emphasis><break time=\"1s\"/></speak>"
        )
        let call = try call(content, for: person(name))
        #expect(call.isSSML)
        #expect(SSMLCheck.complaint(call.body) == nil, "\(call.body)")
        #expect(call.body.hasPrefix("<speak xml:lang=\"en-US\">Hi <emphasis level='strong'>"))
        #expect(call.body.hasSuffix("</emphasis><break time=\"1s\"/></speak>"))
        #expect(!call.body.contains("<break/>") && !call.body.contains("<!--"))
    }

    @Test func `what a raw value breaks is refused before it rings`() {
        let raw = RunPlan.VoiceContent(body: "<speak>{{{Attributes.Name}}}</speak>")
        #expect(refusal(raw, for: person("<break/>")) == nil)
        let complaint = "the SSML closes <speak>, which is not open"
        #expect(
            refusal(raw, for: person("<prosody>")) == .rejected(.content, detail: complaint, isAddressDead: false))
    }

    @Test(arguments: [nil, "", "4155550100", "+1415", "+0155550100", "mail@example.com", "+1415+5550100"])
    func `an address that is no number is refused, and not called dead`(address: String?) {
        let outcome = refusal(.init(body: "Hello"), for: person("A", address: address))
        #expect(
            outcome
                == .rejected(
                    .address, detail: "the address is not a phone number in international form", isAddressDead: false))
    }

    @Test func `nothing to say, and too much, are both refused`() {
        let silent = refusal(.init(body: "{{Attributes.Nothing}} "), for: person("A"))
        #expect(silent == .rejected(.content, detail: "there is nothing to say", isAddressDead: false))
        let long = refusal(.init(body: String(repeating: "x", count: 3001)), for: person("A"))
        #expect(
            long == .rejected(.content, detail: "a call's text has at most 3000 characters", isAddressDead: false))
        #expect(refusal(.init(body: String(repeating: "x", count: 3000)), for: person("A")) == nil)
    }

    @Test(
        arguments: [
            ("<speak>a</speak>", nil), ("<speak/>", nil), (" <speak>a &amp; &#x27; &#9;<!-- <b> --></speak>\n", nil),
            ("<speak a=\"1 > 0\">x</speak>", nil), ("<speak>a", "does not close <speak>"),
            ("<speak><p>a</speak>", "closes <speak>, which is not open"),
            ("<speak>a & b</speak>", "has an ampersand that begins no reference"),
            ("<speak>&nbsp;</speak>", "has an ampersand that begins no reference"),
            ("<speak>&#xG;</speak>", "has an ampersand that begins no reference"),
            ("<speak>a</speak>b", "has text outside of its root"),
            ("<speak>a</speak><speak>b</speak>", "has text outside of its root"),
            ("<speak a=1\">x</speak>", "has a tag that cannot be read"),
            ("<speak>1 < 2</speak>", "has a tag that cannot be read"),
            ("<speak><!-- a</speak>", "has a comment without an end"),
            (
                String(repeating: "<p>", count: 33) + String(repeating: "</p>", count: 33),
                "nests deeper than 32 elements"
            ),
        ] as [(String, String?)])
    func `a document is looked at as far as a provider would refuse it`(document: String, complaint: String?) {
        #expect(SSMLCheck.complaint(document) == complaint)
    }
}
