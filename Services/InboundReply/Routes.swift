import Hosting

/// Every route of inbound-reply.
enum Routes {
    static func all(_ inbound: Inbound) -> [Route] {
        TakeCall.routes(inbound) + inbound.desk.routes
    }
}
