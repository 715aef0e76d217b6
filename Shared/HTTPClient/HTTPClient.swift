package import Core
import EventLoop
package import Runtime

/// HTTP/1.1 and HTTP/2 calls to other machines and to our own services, by libcurl's multi interface on one thread of its
/// own. A result resumes on the caller's executor.
///
/// No redirects (a signed request must not wander), no environment proxies, no cookies; connections are kept and HTTP/2
/// streams share one. Refuses inside a database transaction. One per process; dropping the last reference closes it.
package final class HTTPClient: Sendable {
    private let engine: TransferEngine
    private let metrics: Metrics
    private let seconds: Histogram

    package init(environment: Environment, metrics: Metrics, connectionsPerHost: Int = 8) {
        engine = TransferEngine(connectionsPerHost: connectionsPerHost, log: environment.log)
        self.metrics = metrics
        seconds = metrics.histogram(.httpClientSeconds)
    }

    deinit {
        engine.stop()
    }

    /// Returns the whole answer, whatever its status. The fault says whether the request may have arrived.
    package func send(_ request: ClientRequest) async throws(ClientFault) -> ClientResponse {
        guard !Transaction.isActive else {
            throw .unsent(.insideTransaction, "an HTTP call inside a database transaction")
        }
        try TransferOptions.check(request)
        let transfer = Transfer(request)
        let start = MonotonicClock.now()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                transfer.begin(continuation)
                engine.start(transfer)
                // Cancelled before it began: the handler below had nothing to cancel yet.
                if Task.isCancelled { engine.cancel(transfer) }
            }
        } onCancel: {
            engine.cancel(transfer)
        }
        seconds.observe(Double(MonotonicClock.now() - start) / 1_000_000)
        metrics.counter(.httpClientRequests, Self.outcome(result)).increment()
        return try result.get()
    }

    /// `2xx`, `5xx`, or the fault's reason: a bounded set of label values.
    private static func outcome(_ result: Result<ClientResponse, ClientFault>) -> String {
        switch result {
        case .success(let response): "\(response.status / 100)xx"
        case .failure(let fault): fault.reason.rawValue
        }
    }

    /// Ends every call with `closed`; later ones fail the same way.
    package func close() {
        engine.stop()
    }
}
