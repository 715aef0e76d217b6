package import Queue

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
