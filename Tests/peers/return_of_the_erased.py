"""Writes an erased person's endpoint again, as an import would, and holds what a client then sees.

usage: return_of_the_erased.py APP ENDPOINT ADDRESS USER
"""

import sys

from pinpoint_peer import client, equal, finish, check

APP, ENDPOINT, ADDRESS, USER = sys.argv[1:]
pinpoint = client()

try:
    pinpoint.get_endpoint(ApplicationId=APP, EndpointId=ENDPOINT)
    check(False, "the endpoint is gone")
except pinpoint.exceptions.NotFoundException:
    check(True, "the endpoint is gone")
try:
    pinpoint.get_user_endpoints(ApplicationId=APP, UserId=USER)
    check(False, "the user is gone")
except pinpoint.exceptions.NotFoundException:
    check(True, "the user is gone")

endpoint = {"ChannelType": "EMAIL", "Address": ADDRESS, "OptOut": "NONE", "User": {"UserId": USER}}
pinpoint.update_endpoints_batch(
    ApplicationId=APP, EndpointBatchRequest={"Item": [endpoint | {"Id": ENDPOINT}, endpoint | {"Id": "another id"}]}
)
for name in (ENDPOINT, "another id"):
    seen = pinpoint.get_endpoint(ApplicationId=APP, EndpointId=name)["EndpointResponse"]
    equal(seen["OptOut"], "ALL", f"{name} is opted out, whatever was written")
    equal(seen["User"].get("UserAttributes", {}), {}, f"{name} has nothing of what was erased")
finish()
