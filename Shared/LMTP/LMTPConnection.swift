import CLinux
import Core
import EventLoop
import Glibc

/// One accepted connection. Loop only.
final class LMTPConnection: EventSource, @unchecked Sendable {
    // SAFETY: everything here is touched on the loop's thread only; the handler's task runs there by its preference.
    private static let unsentLimitBytes = 64 << 10

    private let fd: Int32
    private let server: LMTPServer
    private var dialogue: LMTPDialogue
    private var unsent: [UInt8] = []
    private var task: Task<Void, Never>?
    private var isClosed = false
    private var deliveredBytes = 0
    private(set) var deadline: Int64 = 0

    init(fd: Int32, server: LMTPServer) {
        self.fd = fd
        self.server = server
        dialogue = LMTPDialogue(hostName: server.hostName, limits: server.limits)
    }

    /// What it has of messages in memory.
    var heldBytes: Int { dialogue.heldBytes + deliveredBytes }

    func start() {
        server.loop.register(self, fd: fd, events: EPOLLIN.rawValue)
        extendDeadline()
        send(dialogue.greeting)
    }

    func ready(_ events: UInt32) {
        if events & EPOLLOUT.rawValue != 0 { flush() }
        // Gone in both directions: whoever waits for an answer is not there to hear it.
        if events & EPOLLERR.rawValue != 0 || task != nil && events & EPOLLHUP.rawValue != 0 { return close() }
        guard !isClosed, events & (EPOLLIN.rawValue | EPOLLHUP.rawValue) != 0 else { return }
        guard task == nil else { return listen() }
        let buffer = server.readBuffer
        let count = recv(fd, buffer.baseAddress, buffer.count, 0)
        if count > 0 {
            dialogue.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            proceed()
        } else if count == 0 || errno != EAGAIN && errno != EINTR {
            close()
        }
    }

    private func proceed() {
        while !isClosed, task == nil, let action = dialogue.next() {
            perform(action)
        }
        if dialogue.isClosed { return close() }
        if !isClosed, task == nil {
            if !dialogue.isReceivingData { extendDeadline() }
            if server.isDraining, dialogue.isIdle { return expire() }
        }
        listen()
    }

    private func perform(_ action: LMTPDialogue.Action) {
        switch action {
        case .reply(let text): send(text)
        case .askForRoom:
            guard server.hasRoomForMessage else { return perform(dialogue.refuseData()) }
            deadline = MonotonicClock.now() + server.limits.dataDeadline.microseconds
            perform(dialogue.beginData())
        case .askRecipient(let address):
            work {
                let reply = await self.server.handler.accept(address)
                self.answered(self.dialogue.recipientIs(reply))
            }
        case .deliver(let message):
            deliveredBytes = message.content.count
            work {
                let replies = await self.server.handler.deliver(message)
                self.deliveredBytes = 0
                self.answered(self.dialogue.deliveryIs(replies))
            }
        }
    }

    private func work(_ body: @escaping @Sendable () async -> Void) {
        deadline = .max
        task = Task(executorPreference: server.loop) { await body() }
    }

    private func answered(_ action: LMTPDialogue.Action) {
        task = nil
        guard !isClosed else { return }
        perform(action)
        proceed()
    }

    private func extendDeadline() {
        deadline = MonotonicClock.now() + server.limits.commandDeadline.microseconds
    }

    // MARK: Output

    private func send(_ text: String) {
        guard !isClosed else { return }
        unsent.append(contentsOf: text.utf8)
        flush()
    }

    private func flush() {
        guard !unsent.isEmpty else { return }
        let sent = unsent.withUnsafeBytes { Glibc.send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        if sent > 0 { unsent.removeFirst(sent) }
        if sent < 0, errno != EAGAIN, errno != EINTR { return close() }
        // It sends without reading our answers.
        if unsent.count > Self.unsentLimitBytes { return close() }
        listen()
    }

    /// While the owner decides, what comes waits in the kernel.
    private func listen() {
        guard !isClosed else { return }
        let events = (task == nil ? EPOLLIN.rawValue : 0) | (unsent.isEmpty ? 0 : EPOLLOUT.rawValue)
        server.loop.modify(fd: fd, events: events)
    }

    /// Its time is over, or the process ends.
    func expire() {
        guard !isClosed else { return }
        let text = dialogue.shutDown()
        unsent.append(contentsOf: text.utf8)
        _ = unsent.withUnsafeBytes { Glibc.send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        close()
    }

    /// Ends here if nothing is under way; else after the message.
    func drain() {
        if task == nil, dialogue.isIdle { expire() }
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        task?.cancel()
        server.loop.deregister(fd: fd)
        Glibc.close(fd)
        server.remove(self)
    }
}
