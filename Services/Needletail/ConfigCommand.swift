import Core
import Runtime

/// `needletail config`: every setting, what it is for, and the value in effect; `--markdown` prints the README's table.
enum ConfigCommand {
    static let command = Command(
        "config",
        "show every setting and the value in effect (--markdown: the README's table)"
    ) {
        arguments,
        configuration in
        guard arguments != ["--markdown"] else {
            Console.say(Settings.markdown)
            return 0
        }
        guard arguments.isEmpty else { throw Fault(.invalid, "the only option is --markdown") }
        for setting in Settings.all { Console.say(describe(setting, configuration)) }
        return 0
    }

    private static func describe(_ setting: Setting, _ configuration: Configuration) -> String {
        let value = configuration[setting].map { setting.isSecret ? "(secret)" : $0 } ?? "(not set)"
        let origin = configuration.isGiven(setting) ? "" : setting.default == nil ? "" : "  (default)"
        return "\(setting.name)=\(value)\(origin)\n    \(setting.doc) Must be \(setting.form.expectation)."
    }
}
