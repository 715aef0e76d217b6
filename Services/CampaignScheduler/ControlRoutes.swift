import Hosting
import PinpointAPI

/// Apps, their settings, channels, tags and write keys, templates, and the development inbox. What the model has beside these
/// answers 501.
enum ControlRoutes {
    static let all: [Route] =
        apps + ChannelCalls.routes + ProviderCalls.routes + WriteKeyCalls.routes + TemplateRoutes.all + DevInbox.routes

    private static let apps: [Route] = [
        Route(.createApp, handler: WriteApp.create),
        Route(.deleteApp, handler: WriteApp.delete),
        Route(.getApp, handler: ReadApps.one),
        Route(.getApps, handler: ReadApps.list),
        Route(.getApplicationSettings, handler: AppSettingsCalls.get),
        Route(.updateApplicationSettings, handler: AppSettingsCalls.update),
        Route(.tagResource, handler: TagCalls.add),
        Route(.untagResource, handler: TagCalls.remove),
        Route(.listTagsForResource, handler: TagCalls.list),
    ]
}
