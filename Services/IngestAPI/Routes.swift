import Access
import Core
import Hosting
import PinpointAPI

/// Every route of ingest-api. What else the gateway sends here is in the model and not built: it answers 501.
enum Routes {
    /// A mail program's one-click request, urlencoded or multipart.
    private static let unsubscribeBodyBytes = 64 << 10
    private static let noBody = 1 << 10

    static func all(_ ingest: Ingest) -> [Route] {
        [
            Route(.updateEndpoint) { try await UpdateEndpoint.one($0, ingest) },
            Route(.updateEndpointsBatch) { try await UpdateEndpoint.batch($0, ingest) },
            Route(.getEndpoint, handler: ReadEndpoints.one),
            Route(.getUserEndpoints, handler: ReadEndpoints.ofUser),
            Route(.deleteEndpoint, handler: DeleteEndpoints.one),
            Route(.deleteUserEndpoints, handler: DeleteEndpoints.ofUser),
            Route(.getInAppMessages, handler: GetInAppMessages(campaigns: ingest.inApp).run),
            Route(
                "GET", "/v1/apps/{application-id}/endpoints/{endpoint-id}/inappmessages/stream",
                access: .signed(action: Operation.getInAppMessages.action), bodyLimitBytes: noBody,
                handler: StreamInAppMessages(
                    messages: GetInAppMessages(campaigns: ingest.inApp), streams: ingest.inAppStreams
                ).run),
            Route(.removeAttributes) { try await Attributes.remove($0, ingest) },
            Route(
                "GET", "/v1/apps/{application-id}/attributes", access: .signed(action: "mobiletargeting:GetAttributes"),
                handler: Attributes.list),
            Route(.putEvents, bodyLimitBytes: Limits.eventsBodyBytes) { try await PutEvents.run($0, ingest) },
            // Where the browser beacon of Amplify (up to version 5) posts, text/plain and signed in the query.
            Route(
                "POST", "/v1/apps/{application-id}/events/legacy",
                access: .signed(action: Operation.putEvents.action, takesBeacons: true),
                bodyLimitBytes: Limits.eventsBodyBytes
            ) { try await PutEvents.run($0, ingest) },
            Route(
                "POST", "/v1/apps/{application-id}/credentials",
                access: .signed(action: AccessPolicy.createCredentials),
                bodyLimitBytes: CreateCredentials.bodyLimitBytes, handler: CreateCredentials.run),
            Route("GET", "/sdk/needletail.js", access: .open, bodyLimitBytes: noBody, handler: ServeWebSDK.core.run),
            Route(
                "GET", "/sdk/needletail-inapp.js", access: .open, bodyLimitBytes: noBody,
                handler: ServeWebSDK.inApp.run),
            Route("GET", "/t/o/{token}", access: .open, bodyLimitBytes: noBody) { try await TrackOpen.run($0, ingest) },
            Route("GET", "/t/c/{token}", access: .open, bodyLimitBytes: noBody) {
                try await TrackClick.run($0, ingest)
            },
            Route("GET", "/u/{token}", access: .open, bodyLimitBytes: noBody) { try UnsubscribePage.show($0, ingest) },
            Route("POST", "/u/{token}", access: .open, bodyLimitBytes: unsubscribeBodyBytes) {
                try await UnsubscribePage.act($0, ingest)
            },
        ]
    }
}
