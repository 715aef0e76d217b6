package import Core
package import PinpointAPI
import Segments

/// One version of a segment, as the API shows it.
package struct StoredSegment: Sendable {
    package var app: AppID
    package var id: SegmentID
    package var version: Int
    /// Of the segment.
    package var createdAt: Instant
    /// Of this version.
    package var modifiedAt: Instant
    package var type: SegmentType
    /// Name, and Dimensions or SegmentGroups; without tags, which belong to the segment and not to a version.
    package var request: WriteSegmentRequest
    package var tags: [String: String]
    /// Of an import segment.
    package var importDefinition: SegmentImportResource?

    package func response(region: String, account: String) -> SegmentResponse {
        SegmentResponse(
            applicationId: app.description,
            arn: ARN(region: region, account: account, .segment(app, id)).description,
            creationDate: createdAt.description,
            dimensions: request.dimensions,
            id: id.description,
            importDefinition: importDefinition,
            lastModifiedDate: modifiedAt.description,
            name: request.name,
            segmentGroups: request.segmentGroups,
            segmentType: type,
            tags: tags,
            version: version,
            needletail: request.needletail
        )
    }
}
