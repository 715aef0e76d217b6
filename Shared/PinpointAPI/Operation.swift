/// One operation of the Pinpoint API, as the service model describes it.
package struct Operation: Hashable, Sendable {
    /// Also the IAM action, behind `mobiletargeting:`.
    package let name: String
    package let method: String
    /// `/v1/apps/{application-id}`; parameter names are the model's.
    package let path: String
    /// Of a success.
    package let status: Int
    /// The structure that is the request body; nil: no body.
    package let request: String?
    package let response: String?
    /// False: known, and answered with 501.
    package let isBuilt: Bool

    /// `mobiletargeting:CreateApp`
    package var action: String { "mobiletargeting:\(name)" }
}
