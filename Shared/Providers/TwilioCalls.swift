package import Core
package import HTTPClient
package import HTTPServer
package import Model

/// Calls by Twilio (https://www.twilio.com/docs/voice/api/call-resource): what is said goes along with the request. Busy lines and calls
/// that nobody answers come as receipts; whether to ring again is not the transport's question.
package struct TwilioCalls: HTTPProvider {
    static let kind = ProviderKind(
        "twilio-calls",
        channels: ["VOICE"],
        settings: [
            .init("AccountSid", required: true), .init("ApiKeySid"), .init("From"), .init("SharedKeyId"),
            .init(
                "RingSeconds",
                check: { Int($0).map { (1...600).contains($0) } == true ? nil : "must be seconds from 1 to 600" }),
            .init(
                "MachineDetection",
                check: { ["Enable", "DetectMessageEnd"].contains($0) ? nil : "must be Enable or DetectMessageEnd" }),
        ],
        secrets: [.init("AuthToken", required: true), .init("ApiKeySecret"), .init("SharedKey")],
        voice: { setup, tools in
            .http(try TwilioCalls(setup), client: tools.client, environment: tools.environment, timeout: setup.timeout)
        },
        inbound: { setup, _ in try TwilioCallsInbound(setup) })

    package let name = "twilio-calls"
    private let url: String
    private let authorization: String
    private let from: String?
    private let ring: String?
    private let detection: String?
    private let receipts: String?
    private let keys: String?

    package init(_ setup: ProviderSetup) throws(Fault) {
        let account = try setup.required("AccountSid")
        url = "\(setup.url(or: "https://api.twilio.com"))/2010-04-01/Accounts/\(FormFields.encode(account))/Calls.json"
        if let key = setup.text("ApiKeySid") {
            authorization = BasicAuthorization.header(key, try setup.required("ApiKeySecret"))
        } else {
            authorization = BasicAuthorization.header(account, try setup.required("AuthToken"))
        }
        from = setup.text("From")
        ring = setup.text("RingSeconds")
        detection = setup.text("MachineDetection")
        receipts = setup.isReachable ? setup.inboundURL("receipts") : nil
        keys = setup.isReachable ? setup.inboundURL("keys") : nil
    }

    package func request(for call: OutgoingCall, at now: Instant) throws(Refusal) -> ClientRequest {
        guard let from = call.from ?? from else {
            throw Refusal(.configuration, "twilio: no number to call from; give From or OriginationNumber")
        }
        let reference = FormFields([("ref", call.token)])
        var gatherURL: String?
        if let gather = call.gather {
            guard let keys else {
                throw Refusal(.configuration, "twilio: keys cannot be asked for without a public address of ours")
            }
            var query = reference
            query.append("out", gather.optOutDigit)
            gatherURL = "\(keys)?\(query.encoded)"
        }
        let twiml = TwiML.of(call, gatherURL: gatherURL)
        guard twiml.unicodeScalars.count <= TwiML.limitCharacters else {
            throw Refusal(.content, "twilio: a call's text has at most \(TwiML.limitCharacters) characters as TwiML")
        }
        var form = FormFields([("To", call.to), ("From", from), ("Twiml", twiml)])
        form.append("Timeout", ring)
        form.append("MachineDetection", detection)
        if let receipts {
            form.append("StatusCallback", "\(receipts)?\(reference.encoded)")
            for event in ["answered", "completed"] { form.append("StatusCallbackEvent", event) }
        }
        return ClientRequest(
            method: "POST", url: url,
            headers: [("Authorization", authorization), FormFields.contentType, ("Accept", "application/json")],
            body: form.body)
    }

    package func outcome(of response: ClientResponse, to call: OutgoingCall, at now: Instant) -> SendOutcome {
        let body = try? JSON.parse(response.body)
        if (200..<300).contains(response.status) {
            guard let sid = body?["sid"]?.string else { return .unknown(detail: "\(response.status) without a sid") }
            return .accepted(providerReference: sid)
        }
        let retryAfter = response.retryAfter(at: now)
        let text = "\(body?["code"]?.int ?? 0) \(body?["message"]?.string ?? "")"
        if let code = body?["code"]?.int,
            let verdict = SMSReplyTable.standard.verdict("twilio-calls", String(code))
        {
            return SendOutcome(verdict, retryAfter: retryAfter, detail: "\(response.status) \(text)")
        }
        return SendOutcome(status: response.status, retryAfter: retryAfter, detail: text)
    }
}

/// A call's progress (`…/receipts`) and the keys that were pressed in it (`…/keys`).
package struct TwilioCallsInbound: InboundProvider {
    private let trust: TwilioInbound

    package init(_ setup: ProviderSetup) throws(Fault) {
        trust = try TwilioInbound(setup)
    }

    /// Twilio signs calls as it signs texts.
    package func verify(_ call: InboundCall) throws(InboundRefusal) { try trust.verify(call) }

    /// After keys the call goes on with what the answer says.
    package func answer(to call: InboundCall) -> HTTPResponse {
        let text = call.what == "keys" ? "<Response><Hangup/></Response>" : "<Response/>"
        return HTTPResponse(status: 200, headers: ["Content-Type": "text/xml"], body: .bytes(Array(text.utf8)))
    }

    package func events(in call: InboundCall) throws(InboundRefusal) -> [InboundEvent] {
        let text = call.method == "GET" ? call.query : String(decoding: call.body, as: UTF8.self)
        guard let form = FormFields(text), let query = FormFields(call.query) else { throw .unreadable("no form") }
        guard let sid = form["CallSid"] else { throw .unreadable("no CallSid") }
        switch call.what {
        case "receipts": return progress(form, query, sid, at: call.receivedAt).map { [.receipt($0)] } ?? []
        case "keys": return keys(form, query, sid, at: call.receivedAt)
        case _: throw .unreadable("nothing comes to \(call.what)")
        }
    }

    private func progress(_ form: FormFields, _ query: FormFields, _ sid: String, at now: Instant) -> Receipt? {
        guard let status = form["CallStatus"], let kind = Self.kind(of: status, sip: form["SipResponseCode"]) else {
            return nil
        }
        var receipt = receipt(kind, form, query, key: "\(sid):\(status)", sid, at: now)
        receipt.attributes["record_status"] = status.uppercased().split(separator: "-").joined(separator: "_")
        receipt.attributes["answered_by"] = form["AnsweredBy"]
        receipt.metrics["duration_seconds"] = (form["CallDuration"]).flatMap { Double($0) }
        let failure = [form["SipResponseCode"].map { "SIP \($0)" }, form["ErrorCode"], form["ErrorMessage"]]
        if kind != .answered, kind != .delivered {
            receipt.detail = failure.compactMap { $0 }.joined(separator: " ").trimmedDetail
        }
        return receipt
    }

    /// The key that takes a number off the list does nothing else.
    private func keys(_ form: FormFields, _ query: FormFields, _ sid: String, at now: Instant) -> [InboundEvent] {
        guard let digits = form["Digits"], !digits.isEmpty, digits.utf8.count <= 32 else { return [] }
        var press = receipt(.keyPress, form, query, key: "\(sid):keys:\(digits)", sid, at: now)
        press.attributes["digits"] = digits
        guard let key = query["out"], key == digits else { return [.receipt(press)] }
        var optOut = receipt(.optOut, form, query, key: "\(sid):optout", sid, at: now)
        optOut.attributes["digits"] = digits
        return [.receipt(press), .receipt(optOut)]
    }

    private func receipt(
        _ kind: Receipt.Kind, _ form: FormFields, _ query: FormFields, key: String, _ sid: String, at now: Instant
    ) -> Receipt {
        var receipt = Receipt(
            kind, channel: "VOICE", key: key, reference: query["ref"], providerReference: sid, address: form["To"],
            at: now)
        receipt.attributes["origination_phone_number"] = form["From"]
        receipt.attributes["destination_phone_number"] = form["To"]
        return receipt
    }

    /// Nil for what is no news. `failed` with 404 or 484 is a number that does not exist (RFC 3261 §21.4).
    private static func kind(of status: String, sip: String?) -> Receipt.Kind? {
        switch status {
        case "queued", "initiated", "ringing": .sent
        case "in-progress": .answered
        case "completed": .delivered
        case "busy": .busy
        case "no-answer": .noAnswer
        case "canceled": .rejected
        case "failed": ["404", "484"].contains(sip ?? "") ? .hardBounce : .softBounce
        case _: nil
        }
    }
}
