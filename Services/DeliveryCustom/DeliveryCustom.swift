import Delivery
import Model
import Providers
import Queue

/// Takes jobs of the custom queue to customers' webhooks and Lambda functions.
@main
enum DeliveryCustom {
    static func main() async {
        await DeliveryProcess.run("delivery-custom") { _, _ in UnbuiltChannel() }
    }
}

/// Until the channel is there: plans have no contents for it, so that no job ever comes.
private struct UnbuiltChannel: DeliveryChannel, PreparedRun {
    let queue = JobQueue.custom

    func prepare(_ plan: RunPlan) throws -> any PreparedRun { self }

    func deliver(_ sends: [Send], startBefore: Int64) async -> [SendOutcome] {
        sends.map { _ in .notSent(.cancelled, detail: "not built") }
    }
}
