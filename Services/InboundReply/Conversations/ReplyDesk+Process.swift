import Hosting

extension ReplyDesk {
    /// Given each message by whoever reads the providers' calls.
    var handler: ConversationHandler { ConversationHandler(desk: self) }
    var routes: [Route] { ConversationRoutes.all(self) }
    var workers: [BackgroundWorker] { ReplyWorker(desk: self).workers }
}
