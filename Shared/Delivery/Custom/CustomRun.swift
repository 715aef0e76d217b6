import Core
import Crypto
import EventLoop
import HTTPClient
import Model
import Providers
import Queue

/// One run's custom messages.
struct CustomRun: PreparedRun {
    let channel: CustomChannel
    let plan: RunPlan

    func deliver(_ sends: [Send], startBefore: Int64) async -> [SendOutcome] {
        let terms: CustomReceivers.Terms
        do {
            terms = try await channel.receivers.terms(of: plan.app)
        } catch {
            return sends.map { _ in .notSent(.connection, detail: "the channel's configuration could not be read") }
        }
        var outcomes = [SendOutcome](
            repeating: .notSent(.cancelled, detail: "stopped before its turn"), count: sends.count)
        await withTaskGroup(of: (Range<Int>, SendOutcome).self) { group in
            for (number, range) in calls(of: sends, terms).enumerated() {
                if number >= CustomChannel.callsAtOnce, let (done, outcome) = await group.next() {
                    for place in done { outcomes[place] = outcome }
                }
                let people = Array(sends[range])
                group.addTask { (range, await outcome(of: people, terms, startBefore)) }
            }
            for await (range, outcome) in group {
                for place in range { outcomes[place] = outcome }
            }
        }
        return outcomes
    }

    /// Neighbours of one treatment and attempt share a call.
    private func calls(of sends: [Send], _ terms: CustomReceivers.Terms) -> [Range<Int>] {
        var calls: [Range<Int>] = []
        var start = 0
        for place in sends.indices {
            let (send, first) = (sends[place], sends[start])
            let most = terms.isIdempotent && isWebhook(first) ? 1 : CustomChannel.peoplePerCall
            if place - start >= most || send.cause != first.cause || send.attempt != first.attempt {
                calls.append(start..<place)
                start = place
            }
        }
        if start < sends.count { calls.append(start..<sends.count) }
        return calls
    }

    private func content(of send: Send) -> RunPlan.CustomContent? {
        let index = Int(send.cause.treatment)
        return plan.treatments.indices.contains(index) ? plan.treatments[index].custom : nil
    }

    private func isWebhook(_ send: Send) -> Bool {
        guard let content = content(of: send), case .webhook = CustomTarget(content.deliveryURI) else { return false }
        return true
    }

    // MARK: One call

    private func outcome(
        of sends: [Send], _ terms: CustomReceivers.Terms, _ startBefore: Int64
    ) async -> SendOutcome {
        guard let content = content(of: sends[0]) else {
            return .rejected(.content, detail: "the treatment has no custom message", isAddressDead: false)
        }
        let target = CustomTarget(content.deliveryURI)
        let breaker = channel.breakers[target.peer]
        if Task.isCancelled { return .notSent(.cancelled, detail: "stopped before its turn") }
        guard MonotonicClock.now() < startBefore else { return .notSent(.deadline, detail: "not begun in time") }
        if case .wait = breaker.permission(at: MonotonicClock.now()) {
            return .notSent(.connection, detail: "\(target.peer) is resting after failures")
        }
        let id = id(of: sends)
        let payload = HookPayload(plan: plan, cause: sends[0].cause, data: content.data)
        let body = payload.body(sends.map(\.recipient))
        let now = channel.tools.environment.realNow()
        do throws(ClientFault) {
            let response: ClientResponse
            switch target {
            case .webhook(let url):
                response = try await channel.tools.client.send(request(url, id, body, terms, now))
            case .function(let name):
                let request: ClientRequest
                do throws(HookFault) {
                    request = try channel.lambda.request(for: name, body)
                } catch {
                    breaker.abandoned()
                    return .rejected(.configuration, detail: error.description, isAddressDead: false)
                }
                response = try await channel.lambda.send(request)
            }
            breaker.succeeded()
            return target.outcome(of: response, id: id, attempt: sends[0].attempt, at: now)
        } catch {
            note(error, breaker)
            return SendOutcome(error, honoursKeys: terms.isIdempotent && isWebhook(sends[0]))
        }
    }

    /// Whoever cannot be reached is left alone for a while; what we gave up, or would not send, says nothing of the receiver.
    private func note(_ fault: ClientFault, _ breaker: CircuitBreaker) {
        switch fault.reason {
        case .connect, .timeout, .broken: breaker.failed(at: MonotonicClock.now())
        case .invalidRequest, .insideTransaction, .forbidden, .responseTooLarge, .cancelled, .closed:
            breaker.abandoned()
        }
    }

    /// Of one person the send's own name; of several a digest of theirs.
    private func id(of sends: [Send]) -> String {
        let names = sends.map { send in
            channel.references.mint(
                SendReference(
                    run: send.cause.run, chunk: send.cause.chunk, ordinal: send.ordinal,
                    endpointKey: send.recipient.key, treatment: send.cause.treatment))
        }
        guard names.count > 1 else { return names[0] }
        return "batch_\(Hex.lowercase(Array(SHA256.hash(Array(names.joined(separator: " ").utf8)).prefix(16))))"
    }

    private func request(
        _ url: String, _ id: String, _ body: [UInt8], _ terms: CustomReceivers.Terms, _ now: Instant
    ) -> ClientRequest {
        ClientRequest(
            method: "POST", url: url,
            headers: [(name: "Content-Type", value: "application/json")]
                + terms.signature.headers(id: id, body: body, at: now),
            body: body, connectTimeout: NetworkHooks.connectTimeout, totalTimeout: channel.timeout,
            responseLimitBytes: CustomChannel.answerLimitBytes)
    }
}
