import Hosting
import PinpointAPI

/// Every route of segment-service. The two job lists of a segment are in the model and not built: they answer 501.
enum Routes {
    static func all(_ estimates: Estimates) -> [Route] {
        [
            Route(.createSegment, handler: WriteSegment.create),
            Route(.updateSegment, handler: WriteSegment.update),
            Route(.deleteSegment, handler: WriteSegment.delete),
            Route(.getSegment, handler: ReadSegments.latest),
            Route(.getSegmentVersion, handler: ReadSegments.version),
            Route(.getSegments, handler: ReadSegments.list),
            Route(.getSegmentVersions, handler: ReadSegments.versions),
            Route(
                "POST",
                "/v1/apps/{application-id}/segments/estimate",
                access: .signed(action: "mobiletargeting:EstimateSegment"),
                handler: { try await EstimateSegment.run($0, estimates) }
            ),
            Route(
                "GET",
                "/v1/apps/{application-id}/segments/{segment-id}/explain",
                access: .signed(action: "mobiletargeting:ExplainSegment"),
                handler: ExplainSegment.stored
            ),
            Route(
                "POST",
                "/v1/apps/{application-id}/segments/explain",
                access: .signed(action: "mobiletargeting:ExplainSegment"),
                handler: ExplainSegment.unsaved
            ),
            Route(
                "GET",
                "/internal/apps/{app}/segments/{segment-id}/resolved",
                access: .internalService,
                handler: ResolveSegment.run
            ),
        ]
    }
}
