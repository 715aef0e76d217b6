/// What we say where the number has no words of its own (`PUT …/keywords/{number}/STOP`). The law wants the sender's name, and that it
/// is no advertisement; operators write their own, in their language.
enum ReplyWords {
    static func stopped(_ app: String) -> String {
        "\(name(app)): You are unsubscribed and will get no more messages. Reply START to subscribe again."
    }

    static func started(_ app: String) -> String {
        "\(name(app)): You are subscribed again. Reply HELP for help, STOP to unsubscribe."
    }

    /// CTIA: the programme's name, frequency and rates, and how to stop.
    static func help(_ app: String) -> String {
        "\(name(app)): Message frequency varies. Msg & data rates may apply. Reply STOP to unsubscribe."
    }

    private static func name(_ app: String) -> String { String(app.prefix(60)) }
}
