package import Queue

extension RunPlan {
    /// Where the run's chunks go, by name. Who is on no channel that anybody sends goes to the first, whose gate says why not.
    package var queues: [JobQueue] {
        let queues = Set(treatments.flatMap(\.senders.values))
        return queues.isEmpty ? [.email] : queues.sorted { $0.name < $1.name }
    }

    /// Whose jobs reach an endpoint of a type in an arm.
    func queue(arm: Int16, channelType: String?) -> JobQueue {
        let own = treatments.indices.contains(Int(arm)) ? treatments[Int(arm)].senders : [:]
        return channelType.flatMap { own[$0] } ?? queues[0]
    }
}

extension RunPlan {
    /// Queues that one run can have chunks for: e-mail, SMS, voice, push and custom.
    package static let laneLimit = 5
}

extension RunPlan.Treatment {
    /// Types of all channels that it has a message for, as endpoints name them.
    package var channels: Set<String> { otherChannels.union(senders.keys) }

    /// Types of channels whose messages `queue`'s workers send.
    package func channels(of queue: JobQueue) -> Set<String> {
        Set(senders.filter { $0.value == queue }.keys)
    }

    /// Who sends to endpoints of a type. A message of the type's own comes before a custom one.
    package var senders: [String: JobQueue] {
        var senders: [String: JobQueue] = [:]
        for type in custom?.endpointTypes ?? [] { senders[type] = .custom }
        if email != nil { senders["EMAIL"] = .email }
        if sms != nil { senders["SMS"] = .sms }
        if voice != nil { senders["VOICE"] = .voice }
        for type in push?.channels ?? [] { senders[type] = .push }
        return senders
    }
}
