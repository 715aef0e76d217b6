import CCurl
import Core
import EventLoop
import Glibc

/// The thread that drives libcurl's multi handle. Others hand transfers over under a lock and wake it once per batch.
final class TransferEngine: Sendable {
    private enum Order {
        case start(Transfer)
        case cancel(Transfer)
    }

    private struct State {
        var orders: [Order] = []
        /// Nil before the first transfer and after the end. Used under the lock only by `curl_multi_wakeup`.
        var multi: CurlMulti?
        var isStopped = false
    }

    private let state = Lock(State())
    private let connectionsPerHost: Int
    private let log: Logger

    init(connectionsPerHost: Int, log: Logger) {
        self.connectionsPerHost = connectionsPerHost
        self.log = log
    }

    func start(_ transfer: Transfer) {
        let refused = state.withLock { state -> Bool in
            guard !state.isStopped else { return true }
            add(.start(transfer), &state)
            return state.multi == nil
        }
        if refused { transfer.finish(.failure(.unsent(.closed, "the HTTP client is closed"))) }
    }

    func cancel(_ transfer: Transfer) {
        state.withLock { state in
            guard !state.isStopped else { return }
            add(.cancel(transfer), &state)
        }
    }

    func stop() {
        state.withLock { state in
            state.isStopped = true
            state.multi?.wakeUp()
        }
    }

    /// The thread starts with the first transfer, so that a process that never calls out has none.
    private func add(_ order: Order, _ state: inout State) {
        if state.multi == nil {
            guard let multi = CurlMulti(connectionsPerHost: connectionsPerHost) else { return }
            state.multi = multi
            Thread.start(name: "http-client") { self.run(multi) }
        }
        if state.orders.isEmpty { state.multi?.wakeUp() }
        state.orders.append(order)
    }

    private func run(_ multi: CurlMulti) {
        var active: [ObjectIdentifier: (transfer: Transfer, handle: UnsafeMutableRawPointer)] = [:]
        var spare: [UnsafeMutableRawPointer] = []
        while true {
            let (orders, isStopped) = state.withLock { state in
                defer { state.orders = [] }
                return (state.orders, state.isStopped)
            }
            for order in orders {
                switch order {
                case .start(let transfer):
                    guard let handle = spare.popLast() ?? curl_easy_init() else {
                        transfer.finish(.failure(.unsent(.connect, "out of memory")))
                        continue
                    }
                    TransferOptions.apply(transfer, to: handle)
                    active[ObjectIdentifier(transfer)] = (transfer, handle)
                    multi.add(handle)
                case .cancel(let transfer):
                    guard let entry = active.removeValue(forKey: ObjectIdentifier(transfer)) else { continue }
                    multi.remove(entry.handle)
                    finish(entry.transfer, entry.handle, .cancelled, "cancelled", &spare)
                }
            }
            if isStopped { break }
            multi.perform()
            while let (handle, code) = multi.finished() {
                var context: UnsafeMutableRawPointer?
                _ = curlx_get_ptr(handle, CURLINFO_PRIVATE, &context)
                multi.remove(handle)
                guard let context else { continue }
                let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
                guard active.removeValue(forKey: ObjectIdentifier(transfer)) != nil else { continue }
                complete(transfer, handle, code, &spare)
            }
            // Woken by the first order; nothing else is due while no transfer runs.
            multi.wait(milliseconds: active.isEmpty ? 60_000 : 1000)
        }
        for (transfer, handle) in active.values {
            multi.remove(handle)
            finish(transfer, handle, .closed, "the HTTP client was closed", &spare)
        }
        for handle in spare { curl_easy_cleanup(handle) }
        state.withLock { $0.multi = nil }
        multi.cleanUp()
    }

    // MARK: Ends of a transfer

    private static let spareLimit = 64

    private func complete(
        _ transfer: Transfer, _ handle: UnsafeMutableRawPointer, _ code: CURLcode,
        _ spare: inout [UnsafeMutableRawPointer]
    ) {
        if code == CURLE_OK {
            recycle(handle, &spare)
            transfer.finish(.success(transfer.response))
            return
        }
        if transfer.wasForbidden, code == CURLE_COULDNT_CONNECT {
            let detail = "the URL leads to an address that is not allowed"
            return finish(transfer, handle, .forbidden, detail, &spare)
        }
        let words = String(cString: transfer.errorBuffer)
        let detail = words.isEmpty ? String(cString: curl_easy_strerror(code)) : words
        finish(transfer, handle, transfer.exceededLimit ? .responseTooLarge : Self.reason(code), detail, &spare)
    }

    private func finish(
        _ transfer: Transfer, _ handle: UnsafeMutableRawPointer, _ reason: ClientFault.Reason, _ detail: String,
        _ spare: inout [UnsafeMutableRawPointer]
    ) {
        var head = 0
        var uploaded: curl_off_t = 0
        _ = curlx_get_long(handle, CURLINFO_REQUEST_SIZE, &head)
        _ = curlx_get_off(handle, CURLINFO_SIZE_UPLOAD_T, &uploaded)
        recycle(handle, &spare)
        // The head counts body bytes that left together with it; the larger of the two is what is known to have left.
        transfer.finish(.failure(ClientFault(reason: reason, bytesWritten: max(head, Int(uploaded)), detail: detail)))
    }

    private func recycle(_ handle: UnsafeMutableRawPointer, _ spare: inout [UnsafeMutableRawPointer]) {
        guard spare.count < Self.spareLimit else {
            curl_easy_cleanup(handle)
            return
        }
        curl_easy_reset(handle)
        spare.append(handle)
    }

    private static func reason(_ code: CURLcode) -> ClientFault.Reason {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_SSL_CONNECT_ERROR,
            CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER:
            .connect
        case CURLE_OPERATION_TIMEDOUT: .timeout
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .invalidRequest
        case _: .broken
        }
    }
}

/// libcurl's multi handle. All but `wakeUp` belong to the engine's thread.
private final class CurlMulti: @unchecked Sendable {
    // SAFETY: `wakeUp` is libcurl's one thread-safe call; the engine's lock keeps it from running after `cleanUp`.
    private let multi: UnsafeMutableRawPointer

    init?(connectionsPerHost: Int) {
        guard let multi = curl_multi_init() else { return nil }
        self.multi = multi
        _ = curlx_multi_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
        // Without it libcurl opened 201 connections for 300 requests despite PIPEWAIT (reference/swift-linux.md §3).
        _ = curlx_multi_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, connectionsPerHost)
        _ = curlx_multi_long(multi, CURLMOPT_MAXCONNECTS, 64)
    }

    func wakeUp() { curl_multi_wakeup(multi) }
    func add(_ handle: UnsafeMutableRawPointer) { curl_multi_add_handle(multi, handle) }
    func remove(_ handle: UnsafeMutableRawPointer) { curl_multi_remove_handle(multi, handle) }

    func perform() {
        var running: Int32 = 0
        curl_multi_perform(multi, &running)
    }

    func wait(milliseconds: Int32) {
        curl_multi_poll(multi, nil, 0, milliseconds, nil)
    }

    func finished() -> (UnsafeMutableRawPointer, CURLcode)? {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            if message.pointee.msg == CURLMSG_DONE { return (message.pointee.easy_handle, curlx_msg_result(message)) }
        }
        return nil
    }

    func cleanUp() { curl_multi_cleanup(multi) }
}
