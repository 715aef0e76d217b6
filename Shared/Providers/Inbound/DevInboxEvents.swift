import Core
import HTTPServer
package import Model

/// Reads what the development inbox's buttons have put in (`InboundStore.add`). Never over HTTP: nothing posted is believed.
package struct DevInboxEvents: InboundProvider {
    package init() {}

    package func verify(_ call: InboundCall) async throws(InboundRefusal) {
        throw .untrusted("the development inbox is not called")
    }

    package func events(in call: InboundCall) throws(InboundRefusal) -> [InboundEvent] {
        do {
            return [try InboundEvent(json: try JSON.parse(call.body))]
        } catch let fault as Fault {
            throw .unreadable(fault.publicMessage)
        } catch {
            throw .unreadable("the event is no JSON")
        }
    }
}
