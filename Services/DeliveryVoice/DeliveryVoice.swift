import Delivery
import Model
import Providers
import Queue

/// Takes jobs of the voice queue to the providers of calls.
@main
enum DeliveryVoice {
    static func main() async {
        await DeliveryProcess.run("delivery-voice") { _, _ in UnbuiltChannel() }
    }
}

/// Until the channel is there: plans have no contents for it, so that no job ever comes.
private struct UnbuiltChannel: DeliveryChannel, PreparedRun {
    let queue = JobQueue.voice

    func prepare(_ plan: RunPlan) throws -> any PreparedRun { self }

    func deliver(_ sends: [Send], startBefore: Int64) async -> [SendOutcome] {
        sends.map { _ in .notSent(.cancelled, detail: "not built") }
    }
}
