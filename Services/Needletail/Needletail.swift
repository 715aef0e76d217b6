import Core
import Glibc
import Runtime

/// The command line. Each command is a file of its own, listed in `Command.all`.
@main enum Needletail {
    /// Not async: the supervisor blocks signals before any other thread exists.
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard let name = arguments.first, name != "help", name != "--help" else {
            Console.say(Command.usage)
            exit(arguments.isEmpty ? 64 : 0)
        }
        guard let command = Command.all.first(where: { $0.name == name }) else {
            Console.complain("there is no command \"\(name)\"\n\n\(Command.usage)")
            exit(64)
        }
        do {
            let configuration = try Configuration.ofProcess()
            exit(try command.run(Array(arguments.dropFirst()), configuration))
        } catch {
            // A fault's description is safe to show; the details of anything else are for whoever runs the command.
            Console.complain("\(name): \((error as? Fault)?.description ?? String(describing: error))")
            exit(1)
        }
    }
}
