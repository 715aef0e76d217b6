/// An approved template of a WhatsApp business account, filled in for one person.
package struct WhatsAppTemplate: Sendable, Equatable {
    package var name: String
    /// `en_US`
    package var language: String
    package var header: Header?
    /// For `{{1}}`, `{{2}}` … of the body.
    package var parameters: [String]
    /// The end of each button's URL, by the button's place.
    package var buttons: [String]

    package enum Header: Sendable, Equatable {
        case text(String)
        /// An absolute https URL.
        case image(String)
    }

    package init(
        name: String, language: String, header: Header? = nil, parameters: [String] = [], buttons: [String] = []
    ) {
        self.name = name
        self.language = language
        self.header = header
        self.parameters = parameters
        self.buttons = buttons
    }
}
