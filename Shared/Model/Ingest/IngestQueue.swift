package import EventLoop

/// The group commit of clients' requests.
package typealias IngestQueue = GroupCommit<IngestRequest, IngestOutcome>

extension GroupCommit where Item == IngestRequest, Answer == IngestOutcome {
    package convenience init(writer: IngestWriter, loop: EventLoop, bounds: Bounds = Bounds()) {
        self.init(loop: loop, bounds: bounds, committer: { await writer.commit($0) })
    }
}
