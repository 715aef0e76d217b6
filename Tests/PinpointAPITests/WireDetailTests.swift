import Core
import HTTPServer
import PinpointAPI
import Testing

@Suite struct OperationTests {
    @Test func `all 122 operations are known, once each`() {
        #expect(Operation.all.count == 122)
        #expect(Set(Operation.all.map(\.name)).count == 122)
        #expect(Set(Operation.all.map { "\($0.method) \($0.path)" }).count == 122)
        #expect(Operation.all.allSatisfy { $0.path.hasPrefix("/v1/") && (200...204).contains($0.status) })
    }

    @Test func `an operation says how it is called`() {
        let operation = Operation.updateEndpoint
        #expect(operation.method == "PUT")
        #expect(operation.path == "/v1/apps/{application-id}/endpoints/{endpoint-id}")
        #expect(operation.status == 202)
        #expect(operation.request == "EndpointRequest")
        #expect(operation.response == "MessageBody")
        #expect(operation.isBuilt)
        #expect(operation.action == "mobiletargeting:UpdateEndpoint")
        #expect(!Operation.createJourney.isBuilt)
        #expect(Operation.untagResource.status == 204 && Operation.untagResource.response == nil)
    }

    @Test func `the bodies of built operations have generated types`() {
        let shapes = Set(GeneratedShapes.all.map { "\($0)" })
        for operation in Operation.all where operation.isBuilt {
            for body in [operation.request, operation.response].compactMap(\.self) {
                #expect(shapes.contains(body), "\(operation.name) \(body)")
            }
        }
    }
}

@Suite struct ARNTests {
    static let hex = "0123456789abcdef0123456789abcdef"

    @Test(arguments: [
        "apps/\(hex)", "apps/\(hex)/campaigns/\(hex)", "apps/\(hex)/segments/\(hex)", "templates/welcome/EMAIL",
        "templates/w/INAPP",
    ])
    func `the five kinds are read and written`(resource: String) throws {
        let text = "arn:aws:mobiletargeting:eu-central-1:123456789012:\(resource)"
        let arn = try #require(ARN(text))
        #expect(arn.description == text)
        #expect(arn.region == "eu-central-1" && arn.account == "123456789012")
    }

    @Test(arguments: [
        "", "arn", "arn:aws:s3:::bucket", "arn:aws:mobiletargeting:r:a:apps/1",
        "arn:aws:mobiletargeting:r:a:apps/\(hex)/journeys/\(hex)",
        "arn:aws:mobiletargeting:r:a:apps/\(hex)/", "arn:aws:mobiletargeting:r:a:templates//EMAIL",
        "arn:aws:mobiletargeting:r:a:templates/a/FAX",
        "arn:aws-cn:mobiletargeting:r:a:apps/\(hex)", "arn:aws:mobiletargeting:r:a",
        "arn:aws:mobiletargeting:r:a:apps/\(hex)/campaigns",
    ])
    func `anything else is not one`(text: String) {
        #expect(ARN(text) == nil)
    }
}

@Suite struct APIErrorTests {
    @Test func `an answer carries the code where SDKs look for it`() throws {
        let response = APIError.applicationNotFound.response(requestID: "r-1")
        #expect(response.status == 404)
        #expect(response.headers["x-amzn-ErrorType"] == "NotFoundException")
        #expect(response.headers["x-amzn-RequestId"] == "r-1")
        #expect(response.headers["Access-Control-Allow-Origin"] == "*")
        #expect(response.headers["Content-Type"] == "application/json")
        guard case .bytes(let body) = response.body else {
            Issue.record("not bytes")
            return
        }
        #expect(String(decoding: body, as: UTF8.self) == #"{"Message":"Application not found","RequestID":"r-1"}"#)
    }

    @Test(arguments: [
        (APIError.badRequest(""), 400, "BadRequestException"), (.forbidden(""), 403, "ForbiddenException"),
        (.notFound(""), 404, "NotFoundException"), (.methodNotAllowed, 405, "MethodNotAllowedException"),
        (.conflict(""), 409, "ConflictException"), (.payloadTooLarge(""), 413, "PayloadTooLargeException"),
        (.tooManyRequests(""), 429, "TooManyRequestsException"), (.internalError, 500, "InternalServerErrorException"),
        (.missingAuthenticationToken, 403, "MissingAuthenticationTokenException"),
        (.unrecognizedClient, 403, "UnrecognizedClientException"),
        (.invalidSignature(""), 403, "InvalidSignatureException"), (.expiredToken(""), 403, "ExpiredTokenException"),
        (.accessDenied(""), 403, "AccessDeniedException"),
        (.notImplemented("CreateJourney"), 501, "NotImplementedException"),
    ])
    func `codes and statuses are Pinpoint's`(error: APIError, status: Int, code: String) {
        #expect(error.status == status)
        #expect(error.code == code)
    }
}
