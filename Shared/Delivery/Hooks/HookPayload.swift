import Core
import Model
import Queue

/// What a campaign's hook, or the receiver of a custom message, is sent (pinpoint-api §5): the campaign's coordinates, its message,
/// and the people as Pinpoint writes endpoints.
struct HookPayload {
    /// The attribute that carries the cohort, as in AWS's sample; never stored.
    static let cohortAttribute = "CohortId"

    let plan: RunPlan
    let cause: SendCause
    /// `CustomMessage.Data`; nil for hooks, which get the whole message.
    var data: String?

    func body(_ people: some Collection<Recipient>) -> [UInt8] {
        var writer = JSONWriter(capacity: 512 + 1024 * people.count)
        writer.beginObject()
        writer.key("Message")
        writer.value([:])
        if let data {
            writer.key("Data")
            writer.string(data)
        } else {
            writer.key("MessageConfiguration")
            writer.value(messageConfiguration)
        }
        for (name, value) in coordinates {
            writer.key(name)
            writer.string(value)
        }
        writer.key("Endpoints")
        writer.beginObject()
        for person in people {
            writer.key(person.endpointID)
            Self.append(person, to: &writer)
        }
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }

    private var coordinates: [(String, String)] {
        [
            ("ApplicationId", plan.app.description), ("CampaignId", plan.campaign.description),
            ("TreatmentId", String(cause.treatment)),
            ("ActivityId", CampaignActivity.id(plan.run, treatment: cause.treatment).description),
            ("ScheduledTime", plan.scheduledAt.description),
        ]
    }

    /// The treatment's message as a campaign's author would have written it, templates already looked up.
    private var messageConfiguration: JSON {
        let index = Int(cause.treatment)
        guard plan.treatments.indices.contains(index), let email = plan.treatments[index].email else { return [:] }
        var message: JSONObject = ["FromAddress": .string(email.from), "Title": .string(email.subject)]
        if let html = email.html { message["HtmlBody"] = .string(html) }
        if let text = email.text { message["Body"] = .string(text) }
        return ["EmailMessage": .object(message)]
    }

    private static func append(_ person: Recipient, to writer: inout JSONWriter) {
        writer.beginObject()
        let texts: [(String, String?)] = [
            ("ChannelType", person.channelType), ("Address", person.address), ("EndpointStatus", person.status),
            ("OptOut", person.optOut), ("RequestId", person.requestID),
        ]
        for (name, value) in texts {
            guard let value else { continue }
            writer.key(name)
            writer.string(value)
        }
        // Columns are JSON objects that Postgres itself wrote.
        for (name, json) in [("Location", person.location), ("Demographic", person.demographic)] {
            writer.key(name)
            writer.raw(json)
        }
        writer.key("EffectiveDate")
        writer.string(person.effectiveAt.description)
        writer.key("Attributes")
        var attributes = person.attributeObject
        attributes[cohortAttribute] = .array([.string(String(person.cohort))])
        writer.value(.object(attributes))
        writer.key("Metrics")
        writer.raw(person.metrics)
        if let user = person.userID {
            writer.key("User")
            writer.beginObject()
            writer.key("UserId")
            writer.string(user)
            writer.key("UserAttributes")
            writer.raw(person.userAttributes)
            writer.endObject()
        }
        writer.key("CreationDate")
        writer.string(person.createdAt.description)
        writer.endObject()
    }
}

extension Recipient {
    /// What the row holds was written by us as valid JSON; an unreadable column has no attributes.
    var attributeObject: JSONObject { (try? JSON.parse(attributes))?.object ?? JSONObject() }
}
