package import Core

/// What one person and an app say to each other on one channel.
package struct Conversation: Sendable, Equatable {
    package enum State: String, Sendable, CaseIterable {
        case open = "OPEN"
        /// A person of ours answers: rules and chat keep silent.
        case handedOver = "HANDED_OVER"
        case closed = "CLOSED"
    }

    package var id: ConversationID
    package var channel: String
    package var addressHash: [UInt8]
    package var address: String
    package var ourAddress: String
    package var state: State
    package var assignee: String?
    package var endpointID: EndpointID?
    package var confirmedAt: Instant?
    package var createdAt: Instant
    package var modifiedAt: Instant
    /// Messages of it wait to be looked at.
    package var isUnderReview = false
}

/// One message of a conversation.
package struct ConversationMessage: Sendable, Equatable {
    package enum Author: String, Sendable, CaseIterable {
        case person = "PERSON"
        case keyword = "KEYWORD"
        case rule = "RULE"
        case survey = "SURVEY"
        case chat = "CHAT"
        case `operator` = "OPERATOR"

        /// Written by no person.
        package static let automatic: [Author] = [.keyword, .rule, .survey, .chat]
    }

    package var id: Int64
    package var author: Author
    package var body: String
    package var subject: String?
    package var messageID: String?
    package var mediaURLs: [String]
    package var run: RunID?
    package var at: Instant

    package var isInbound: Bool { author == .person }

    package init(
        id: Int64 = 0, author: Author, body: String, subject: String? = nil, messageID: String? = nil,
        mediaURLs: [String] = [], run: RunID? = nil, at: Instant
    ) {
        self.id = id
        self.author = author
        self.body = body
        self.subject = subject
        self.messageID = messageID
        self.mediaURLs = mediaURLs
        self.run = run
        self.at = at
    }
}
