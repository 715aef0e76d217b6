package import Core
package import PinpointAPI

/// One version of a campaign, as the API shows it.
package struct StoredCampaign: Sendable {
    package var app: AppID
    package var id: CampaignID
    package var version: Int
    /// Of the campaign, not of this version.
    package var status: CampaignStatus
    /// Of the campaign.
    package var createdAt: Instant
    /// Of this version.
    package var modifiedAt: Instant
    /// Without tags, which belong to the campaign.
    package var request: WriteCampaignRequest
    package var tags: [String: String]
    /// Of treatments that have schedules of their own.
    package var treatmentStatuses: [Int16: CampaignStatus] = [:]

    /// The members that Pinpoint always sends are there even when they say nothing; `DefaultState` only with several treatments.
    package func response(region: String, account: String) -> CampaignResponse {
        let state = CampaignState(campaignStatus: status)
        let treatments = additionalTreatments()
        return CampaignResponse(
            additionalTreatments: treatments,
            applicationId: app.description,
            arn: ARN(region: region, account: account, .campaign(app, id)).description,
            creationDate: createdAt.description,
            customDeliveryConfiguration: request.customDeliveryConfiguration,
            defaultState: treatments.isEmpty ? nil : self.state(of: 0),
            description: request.description,
            holdoutPercent: request.holdoutPercent ?? 0,
            hook: request.hook,
            id: id.description,
            isPaused: request.isPaused ?? false,
            lastModifiedDate: modifiedAt.description,
            limits: request.limits ?? CampaignLimits(),
            messageConfiguration: request.messageConfiguration,
            name: request.name,
            schedule: request.schedule,
            segmentId: request.segmentId,
            segmentVersion: request.segmentVersion,
            state: state,
            tags: tags,
            templateConfiguration: request.templateConfiguration ?? TemplateConfiguration(),
            treatmentDescription: request.treatmentDescription,
            treatmentName: request.treatmentName,
            version: version,
            priority: request.priority,
            needletail: request.needletail
        )
    }

    private func state(of treatment: Int) -> CampaignState {
        CampaignState(campaignStatus: treatmentStatuses[Int16(treatment)] ?? status)
    }

    private func additionalTreatments() -> [TreatmentResource] {
        (request.additionalTreatments ?? []).enumerated().map { index, treatment in
            TreatmentResource(
                customDeliveryConfiguration: treatment.customDeliveryConfiguration,
                id: String(index + 1),
                messageConfiguration: treatment.messageConfiguration,
                schedule: treatment.schedule,
                sizePercent: treatment.sizePercent,
                state: state(of: index + 1),
                templateConfiguration: treatment.templateConfiguration,
                treatmentDescription: treatment.treatmentDescription,
                treatmentName: treatment.treatmentName,
                needletail: treatment.needletail
            )
        }
    }
}
