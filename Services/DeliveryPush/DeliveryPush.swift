import Delivery
import Model
import Providers
import Queue

/// Takes jobs of the push queue to the platforms' push services.
@main
enum DeliveryPush {
    static func main() async {
        await DeliveryProcess.run("delivery-push") { _, _ in UnbuiltChannel() }
    }
}

/// Until the channel is there: plans have no contents for it, so that no job ever comes.
private struct UnbuiltChannel: DeliveryChannel, PreparedRun {
    let queue = JobQueue.push

    func prepare(_ plan: RunPlan) throws -> any PreparedRun { self }

    func deliver(_ sends: [Send], startBefore: Int64) async -> [SendOutcome] {
        sends.map { _ in .notSent(.cancelled, detail: "not built") }
    }
}
