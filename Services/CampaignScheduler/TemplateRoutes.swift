import Hosting
import PinpointAPI

/// Routes of templates: four operations for each of five types, and what they share.
enum TemplateRoutes {
    static let all: [Route] =
        calls(
            .email, create: .createEmailTemplate, get: .getEmailTemplate, update: .updateEmailTemplate,
            delete: .deleteEmailTemplate)
        + calls(
            .sms, create: .createSmsTemplate, get: .getSmsTemplate, update: .updateSmsTemplate,
            delete: .deleteSmsTemplate)
        + calls(
            .push, create: .createPushTemplate, get: .getPushTemplate, update: .updatePushTemplate,
            delete: .deletePushTemplate)
        + calls(
            .voice, create: .createVoiceTemplate, get: .getVoiceTemplate, update: .updateVoiceTemplate,
            delete: .deleteVoiceTemplate)
        + calls(
            .inapp, create: .createInAppTemplate, get: .getInAppTemplate, update: .updateInAppTemplate,
            delete: .deleteInAppTemplate)
        + [
            Route(.updateTemplateActiveVersion, handler: WriteTemplate.activate),
            Route(.listTemplates, handler: ReadTemplates.list),
            Route(.listTemplateVersions, handler: ReadTemplates.versions),
            Route(
                "POST", "/v1/templates/{template-name}/{template-type}/preview",
                access: .signed(action: "needletail:PreviewTemplate"), handler: PreviewTemplate.run),
            Route(
                "POST", "/v1/templates/{template-name}/{template-type}/test",
                access: .signed(action: "needletail:TestTemplate"), handler: TestTemplate.run),
        ]
        + snippets

    private static let snippets: [Route] = [
        Route(
            "GET", "/v1/snippets", access: .signed(action: "needletail:ListSnippets"), handler: SnippetCalls.list),
        Route(
            "GET", "/v1/snippets/{snippet-name}", access: .signed(action: "needletail:GetSnippet"),
            handler: SnippetCalls.get),
        Route(
            "PUT", "/v1/snippets/{snippet-name}", access: .signed(action: "needletail:PutSnippet"),
            handler: SnippetCalls.put),
        Route(
            "DELETE", "/v1/snippets/{snippet-name}", access: .signed(action: "needletail:DeleteSnippet"),
            handler: SnippetCalls.delete),
    ]

    /// ARNs have the type in capitals, SDKs the path in lower case: both find it.
    private static func calls(
        _ type: TemplateType, create: Operation, get: Operation, update: Operation, delete: Operation
    ) -> [Route] {
        let write = WriteTemplate(type: type)
        return [
            Route(create, handler: write.create), Route(update, handler: write.update),
            Route(delete, handler: write.delete), Route(get, handler: ReadTemplates.one(type)),
        ].map { $0.endingInAnyCase() }
    }
}
