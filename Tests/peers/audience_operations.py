"""Every operation of apps, settings, endpoints, users, events and segments by boto3, from one table: what a full request is
answered, and each refusal that the service documents. A new operation of these groups is tried as soon as it is built.

usage: audience_operations.py OPERATIONS_FILE
"""

import pathlib
import sys

from audience_samples import BY_GROUPS, WRITES
from operation_table import Call, Case, is_whole, pinpoint, refusals, run_table
from pinpoint_peer import equal, finish, refused


def sample(operation, index=0):
    return [body for name, _, _, body in WRITES if name == operation][index]


CASES = [
    Case("CreateApp", body=sample("CreateApp")),
    Case("GetApp"),
    Case("GetApps", items=4),
    Case("UpdateApplicationSettings", body=sample("UpdateApplicationSettings")),
    Case("GetApplicationSettings"),
    Case("UpdateEndpoint", {"EndpointId": "e 1/ä"}, body=sample("UpdateEndpoint")),
    Case("UpdateEndpointsBatch", body=sample("UpdateEndpointsBatch")),
    Case("GetEndpoint", {"EndpointId": "e 1/ä"}, missing="EndpointId"),
    Case("GetInAppMessages", {"EndpointId": "e 1/ä"}),
    Case("GetUserEndpoints", {"UserId": "sample-user"}, missing="UserId"),
    Case("PutEvents", body=sample("PutEvents")),
    Case("RemoveAttributes", {"AttributeType": "endpoint-custom-attributes"}, body={"Blacklist": ["old*"]}),
    Case("CreateSegment", body=sample("CreateSegment")),
    Case("CreateSegment", body=BY_GROUPS),
    Case("UpdateSegment", {"SegmentId": "{segment}"}, missing="SegmentId", body=sample("UpdateSegment")),
    Case("GetSegment", {"SegmentId": "{segment}"}, missing="SegmentId"),
    Case("GetSegments", items=5),
    Case("GetSegmentVersion", {"SegmentId": "{segment}", "Version": "1"}, missing="SegmentId"),
    Case("GetSegmentVersions", {"SegmentId": "{segment}"}, missing="SegmentId", items=4),
    Case("GetSegmentImportJobs", {"SegmentId": "{segment}"}, missing="SegmentId"),
    Case("GetSegmentExportJobs", {"SegmentId": "{segment}"}, missing="SegmentId"),
    Case("DeleteSegment", {"SegmentId": "{doomed}"}, missing="SegmentId"),
    Case("DeleteUserEndpoints", {"UserId": "sample-user"}, missing="UserId"),
    Case("DeleteEndpoint", {"EndpointId": "to delete"}, missing="EndpointId"),
]
GROUPS = r"Apps?$|ApplicationSettings$|Attributes$|Endpoint|PutEvents$|InAppMessages|Segment"


def prepared():
    apps = [pinpoint.create_app(CreateApplicationRequest={"Name": f"table {n}"})["ApplicationResponse"]["Id"] for n in range(3)]
    app = apps[0]

    def segment(name):
        request = {"Name": name, "Dimensions": {}}
        return pinpoint.create_segment(ApplicationId=app, WriteSegmentRequest=request)["SegmentResponse"]["Id"]

    places = {"app": app, "segment": segment("kept"), "doomed": segment("doomed"), "endpoint": "e 1/ä"}
    segment("third")
    for version in (2, 3):
        pinpoint.update_segment(
            ApplicationId=app, SegmentId=places["segment"], WriteSegmentRequest={"Name": f"v{version}", "Dimensions": {}}
        )
    pinpoint.update_endpoint(
        ApplicationId=app, EndpointId="to delete", EndpointRequest={"ChannelType": "EMAIL", "Address": "d@example.com"}
    )
    return apps, places


def main():
    text = pathlib.Path(sys.argv[1]).read_text()
    built = {line for line in text.splitlines() if line and not line.startswith("#")}
    apps, places = prepared()
    run_table(CASES, places, built)
    call = Call(Case("DeleteApp"), places)
    refusals(call)
    deleted = call.answer
    equal(deleted["Id"], apps[0], "DeleteApp echoes the app")
    with refused("GetApp of a deleted app", 404, "NotFoundException", "Application not found"):
        pinpoint.get_app(ApplicationId=apps[0])
    is_whole(GROUPS, {case.operation for case in CASES} | {"DeleteApp"}, built)
    finish()


main()
