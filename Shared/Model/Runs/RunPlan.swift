package import Core
package import Segments

/// What a run was started with, frozen on its row (`runs.frozen`): edits of the campaign, its template or its segment
/// touch only later runs (F53).
package struct RunPlan: Sendable, Equatable {
    package var account: String
    package var app: AppID
    package var campaign: CampaignID
    package var campaignVersion: Int
    package var campaignName: String
    package var run: RunID
    package var runDay: Day
    package var scheduledAt: Instant
    /// After this a message that has not started is `expired`.
    package var expiresAt: Instant
    package var deliveryPolicy: DeliveryPolicy
    package var holdoutPercent: Int
    /// Index 0 is the default treatment.
    package var treatments: [Treatment]
    /// How fast recipients become due; 0 is no limit.
    package var messagesPerSecond: Int
    package var rules: RunRules
    package var hook: RunHook?
    /// Nil: everybody at the same instant.
    package var local: LocalRun?
    /// Arms of this run where treatments have schedules of their own, the holdout among them; nil: all.
    package var ownArms: [Int16]?
    /// What starts the messages of an event-triggered campaign; nil: the run itself.
    package var trigger: TriggerFilter.Source?

    /// One arm and what it sends.
    package struct Treatment: Sendable, Equatable {
        package var name: String?
        /// Of all cohorts, 0–100; for the default treatment what the others leave.
        package var sizePercent: Int
        package var email: EmailContent?
        package var sms: SMSContent?
        package var voice: VoiceContent?
        package var push: PushContent?
        package var custom: CustomContent?
        /// Types of channels that it has a message for and nobody sends, as endpoints name them.
        package var otherChannels: Set<String>

        package init(name: String?, sizePercent: Int, email: EmailContent?, otherChannels: Set<String> = []) {
            self.name = name
            self.sizePercent = sizePercent
            self.email = email
            self.otherChannels = otherChannels
        }
    }

    /// An e-mail before rendering: Handlebars sources, from the template version or the campaign's own message.
    package struct EmailContent: Sendable, Equatable {
        package var from: String
        package var replyTo: [String]
        package var subject: String
        package var html: String?
        package var text: String?
        package var headers: [Header]
        /// Dotted variable name → default.
        package var defaultSubstitutions: JSONObject
        /// What differs for people of a locale, by `LocaleKey`.
        package var locales: [String: Localized]
        /// Text of the partials that all of these call from outside.
        package var snippets: [String: String]
        /// Domains of the addresses of its own that each message gets, for bounces and for answers; nil: the sender's own address.
        package var bounceDomain: String?
        package var replyDomain: String?

        /// What a variant leaves out is as in the message itself.
        package struct Localized: Sendable, Equatable {
            package var subject: String?
            package var html: String?
            package var text: String?
            package var defaultSubstitutions: JSONObject?

            package init(
                subject: String? = nil, html: String? = nil, text: String? = nil,
                defaultSubstitutions: JSONObject? = nil
            ) {
                self.subject = subject
                self.html = html
                self.text = text
                self.defaultSubstitutions = defaultSubstitutions
            }
        }

        /// The message as a person of that variant gets it.
        package func localized(_ variant: Localized) -> EmailContent {
            var content = self
            content.subject = variant.subject ?? subject
            content.html = variant.html ?? html
            content.text = variant.text ?? text
            content.defaultSubstitutions = variant.defaultSubstitutions ?? defaultSubstitutions
            content.locales = [:]
            return content
        }

        package struct Header: Sendable, Equatable {
            package var name: String
            package var value: String

            package init(name: String, value: String) {
                self.name = name
                self.value = value
            }
        }

        package init(
            from: String,
            replyTo: [String] = [],
            subject: String,
            html: String?,
            text: String?,
            headers: [Header] = [],
            defaultSubstitutions: JSONObject = [:],
            locales: [String: Localized] = [:],
            snippets: [String: String] = [:],
            bounceDomain: String? = nil,
            replyDomain: String? = nil
        ) {
            self.from = from
            self.replyTo = replyTo
            self.subject = subject
            self.html = html
            self.text = text
            self.headers = headers
            self.defaultSubstitutions = defaultSubstitutions
            self.locales = locales
            self.snippets = snippets
            self.bounceDomain = bounceDomain
            self.replyDomain = replyDomain
        }
    }

    package init(
        account: String,
        app: AppID,
        campaign: CampaignID,
        campaignVersion: Int,
        campaignName: String,
        run: RunID,
        runDay: Day,
        scheduledAt: Instant,
        expiresAt: Instant,
        deliveryPolicy: DeliveryPolicy,
        holdoutPercent: Int,
        treatments: [Treatment],
        messagesPerSecond: Int = 0,
        rules: RunRules = RunRules(),
        hook: RunHook? = nil,
        local: LocalRun? = nil,
        ownArms: [Int16]? = nil
    ) {
        self.account = account
        self.app = app
        self.campaign = campaign
        self.campaignVersion = campaignVersion
        self.campaignName = campaignName
        self.run = run
        self.runDay = runDay
        self.scheduledAt = scheduledAt
        self.expiresAt = expiresAt
        self.deliveryPolicy = deliveryPolicy
        self.holdoutPercent = holdoutPercent
        self.treatments = treatments
        self.messagesPerSecond = messagesPerSecond
        self.rules = rules
        self.hook = hook
        self.local = local
        self.ownArms = ownArms
    }

    /// Arm of each cohort 0–99, of this run or not.
    package var arms: [Int16] {
        Arms.byCohort(
            campaign: campaign,
            holdoutPercent: holdoutPercent,
            sizePercents: treatments.dropFirst().map(\.sizePercent)
        )
    }
}

/// What happens to a send that was handed over without a known outcome (ARCHITECTURE §4).
package enum DeliveryPolicy: String, Sendable, CaseIterable {
    /// It becomes `unknown`. Default of campaigns and journeys.
    case atMostOnce = "AT_MOST_ONCE"
    /// It is sent again, flagged `possible_duplicate`. Default of direct sends and one-time passwords.
    case atLeastOnce = "AT_LEAST_ONCE"
}
