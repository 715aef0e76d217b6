"""Clients without a secret, and packed bodies, through the gateway: temporary credentials in boto3, beacons that botocore signs in
the query, gzip bombs. With `bombs` it only sends those, so that the caller can look at the process's memory in between.

usage: edge_clients.py [bombs APP]
"""

import base64
import datetime
import gzip
import hashlib
import http.client
import json
import sys
import time
import zlib

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.session

from pinpoint_peer import HOST, REGION, check, client, equal, eventually, finish, hold_against_model, plain, refused, signed

pinpoint = client()


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def batch(endpoint="e1", key="1", **event):
    event = {"EventType": "song.played", "Timestamp": now()} | event
    return {"BatchItem": {endpoint: {"Endpoint": {"Demographic": {"Make": "x"}}, "Events": {key: event}}}}


def make_app(name):
    return pinpoint.create_app(CreateApplicationRequest={"Name": name})["ApplicationResponse"]["Id"]


def make_key(app):
    answer = signed("POST", f"/v1/apps/{app}/write-keys", b"{}", headers={"Content-Type": "application/json"})
    equal(answer.status, 201, "CreateWriteKey")
    return answer.json


def swap(app, key, body=b"{}"):
    answer = plain("POST", f"/v1/apps/{app}/credentials", body, {"X-Needletail-Write-Key": key})
    equal(answer.status, 200, "CreateCredentials")
    return answer.json


def session_client(given):
    """boto3 with temporary credentials, as any application has them."""
    temporary = boto3.client(
        "pinpoint", aws_access_key_id=given["AccessKeyId"], aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    temporary.meta.events.register("after-call.pinpoint", hold_against_model)
    return temporary


def temporary_credentials():
    app, other = make_app("mine"), make_app("other")
    key = make_key(app)
    given = swap(app, key["WriteKey"])
    temporary = session_client(given)
    results = temporary.put_events(ApplicationId=app, EventsRequest=batch())["EventsResponse"]["Results"]["e1"]
    equal(results["EventsItemResponse"]["1"]["StatusCode"], 202, "temporary credentials put events")
    temporary.update_endpoint(ApplicationId=app, EndpointId="e2", EndpointRequest={"ChannelType": "EMAIL", "Address": "a@b.c"})
    temporary.update_endpoints_batch(
        ApplicationId=app, EndpointBatchRequest={"Item": [{"Id": "e3", "ChannelType": "EMAIL", "Address": "c@b.c"}]}
    )
    equal(pinpoint.get_endpoint(ApplicationId=app, EndpointId="e2")["EndpointResponse"]["Address"], "a@b.c", "and endpoints")
    for what, action in {
        "GetEndpoint": lambda: temporary.get_endpoint(ApplicationId=app, EndpointId="e2"),
        "DeleteEndpoint": lambda: temporary.delete_endpoint(ApplicationId=app, EndpointId="e2"),
        "GetUserEndpoints": lambda: temporary.get_user_endpoints(ApplicationId=app, UserId="u"),
        "CreateCampaign": lambda: temporary.create_campaign(
            ApplicationId=app, WriteCampaignRequest={"SegmentId": "0" * 32, "Schedule": {"StartTime": "IMMEDIATE"}}
        ),
        "GetApps": lambda: temporary.get_apps(),
        "PutEvents of another app": lambda: temporary.put_events(ApplicationId=other, EventsRequest=batch()),
    }.items():
        with refused(f"{what} by temporary credentials", 403, "AccessDeniedException", "is not authorized to perform"):
            action()
    messages = temporary.get_in_app_messages(ApplicationId=app, EndpointId="e2")["InAppMessagesResponse"]
    equal(messages["InAppMessageCampaigns"], [], "in-app messages are let through")
    token = given["SessionToken"]
    swapped = token[:-20] + ("A" if token[-20] != "A" else "B") + token[-19:]
    for what, change in {
        "a changed token": {"SessionToken": swapped},
        "another pair's token": {"SessionToken": swap(app, key["WriteKey"])["SessionToken"]},
        "no token of ours": {"SessionToken": base64.b64encode(b"x" * 300).decode()},
    }.items():
        with refused(what, 403, "UnrecognizedClientException"):
            session_client(given | change).put_events(ApplicationId=app, EventsRequest=batch())
    with refused("another secret", 403, "InvalidSignatureException"):
        session_client(given | {"SecretAccessKey": "x" * 40}).put_events(ApplicationId=app, EventsRequest=batch())
    refreshing(app, key["WriteKey"])
    beacons(app, given)
    equal(signed("DELETE", f"/v1/apps/{app}/write-keys/{key['Id']}").status, 200, "DeleteWriteKey")
    start = time.monotonic()
    eventually("a revoked key's credentials are refused", lambda: is_refused(temporary, app), 15)
    check(time.monotonic() - start < 7, "within the cache's five seconds", time.monotonic() - start)
    equal(plain("POST", f"/v1/apps/{app}/credentials", b"{}", {"X-Needletail-Write-Key": key["WriteKey"]}).status, 403, "and so is the key")


def is_refused(temporary, app):
    try:
        temporary.put_events(ApplicationId=app, EventsRequest=batch(key=str(time.monotonic())))
    except temporary.exceptions.ClientError as error:
        return error.response["Error"]["Code"] == "UnrecognizedClientException"
    return False


def refreshing(app, key):
    """botocore asks again by itself, from the route's own answer."""
    swaps = []

    def refresh():
        swaps.append(answer := swap(app, key, b'{"DurationSeconds": 900}'))
        return {
            "access_key": answer["AccessKeyId"], "secret_key": answer["SecretAccessKey"], "token": answer["SessionToken"],
            "expiry_time": answer["Expiration"],
        }

    session = botocore.session.get_session()
    session._credentials = botocore.credentials.RefreshableCredentials.create_from_metadata(refresh(), refresh, "needletail")
    refreshing = boto3.Session(botocore_session=session).client("pinpoint")
    refreshing.put_events(ApplicationId=app, EventsRequest=batch())
    refreshing.put_events(ApplicationId=app, EventsRequest=batch())
    # 900 seconds are within botocore's time of asking again.
    check(len(swaps) >= 2, "credentials near their end are asked for again", len(swaps))


def beacons(app, given):
    """What Amplify's unload beacon sends: signed in the query by botocore, the body as plain text."""
    credentials = botocore.credentials.Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    body = json.dumps(batch("beacon", "b")).encode()

    class BeaconAuth(botocore.auth.SigV4QueryAuth):
        # botocore would move a body into the query; Amplify signs its hash, as for any request.
        def payload(self, request):
            return hashlib.sha256(body).hexdigest()

    for path, status in ((f"/v1/apps/{app}/events/legacy", 202), (f"/v1/apps/{app}/events", 403)):
        request = botocore.awsrequest.AWSRequest("POST", f"http://{HOST}{path}")
        BeaconAuth(credentials, "mobiletargeting", REGION, expires=60).add_auth(request)
        target = request.prepare().url.split(HOST)[1]
        answer = plain("POST", target, body, {"Content-Type": "text/plain;charset=UTF-8", "Origin": "https://shop.example"})
        equal(answer.status, status, f"a beacon at {path.rsplit('/', 1)[1]}")
        equal(answer.headers["Access-Control-Allow-Origin"], "*", "a beacon's answer may be read")
        if status == 202:
            forged = plain("POST", target, body.replace(b"song", b"sing"), {"Content-Type": "text/plain"})
            equal(forged.status, 403, "a beacon with another body")
            equal(answer.json["Results"]["beacon"]["EventsItemResponse"]["b"]["StatusCode"], 202, "the beacon's event is stored")


def packed(app, body, encoding="gzip"):
    return signed(
        "POST", f"/v1/apps/{app}/events", body, headers={"Content-Type": "application/json", "Content-Encoding": encoding}
    )


def bodies():
    app = make_app("packed")
    good = gzip.compress(json.dumps(batch()).encode())
    equal(packed(app, good).status, 202, "a packed request")
    many = {"BatchItem": {f"e{n}": batch(f"e{n}")["BatchItem"][f"e{n}"] for n in range(100)}}
    for one in many["BatchItem"].values():
        one["Events"]["1"]["Attributes"] = {f"k{n}": "v" * 200 for n in range(40)}
    text = json.dumps(many).encode()
    check(len(text) > 800_000, "a large request", len(text))
    answer = packed(app, gzip.compress(text))
    equal(answer.status, 202, "a large packed request, unpacked beside the loop")
    equal(len(answer.json["Results"]), 100, "all of it is stored")
    for what, body, encoding, status, code in (
        ("a cut body", good[:-3], "gzip", 400, "BadRequestException"),
        ("trailing garbage", good + b"garbage", "gzip", 400, "BadRequestException"),
        ("no gzip", json.dumps(batch()).encode(), "gzip", 400, "BadRequestException"),
        ("bad JSON in good gzip", gzip.compress(b'{"BatchItem":'), "gzip", 400, "BadRequestException"),
        ("deflate", zlib.compress(b"{}"), "deflate", 415, "UnsupportedMediaTypeException"),
        ("brotli", b"x", "br", 415, "UnsupportedMediaTypeException"),
        ("twice", gzip.compress(good), "gzip, gzip", 415, "UnsupportedMediaTypeException"),
        ("5 MB in 5 KB", gzip.compress(b" " * (5 << 20)), "gzip", 413, "PayloadTooLargeException"),
    ):
        answer = packed(app, body, encoding)
        equal((answer.status, answer.headers["x-amzn-ErrorType"]), (status, code), what)
        equal(answer.headers["Access-Control-Allow-Origin"], "*", f"{what}: may be read by browsers")
    print("app", app, flush=True)


def bomb(gigabytes):
    """Gzip of that many GB of spaces, from one flushed block of 64 MB over and over. Its checksum would be wrong: nobody gets there."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = packer.compress(b" " * (64 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b" " * (64 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + block * (gigabytes * 16 - 1) + packer.flush()


def bombs(app):
    for gigabytes, what in ((3, "under the limit of what is received"), (10, "as large as it comes")):
        body = bomb(gigabytes)
        try:
            answer = packed(app, body)
            equal((answer.status, answer.headers["x-amzn-ErrorType"]), (413, "PayloadTooLargeException"), f"{gigabytes} GB, {what}")
        except (BrokenPipeError, ConnectionResetError, http.client.HTTPException):
            # nginx closes while the body is still on its way.
            check(len(body) > 8 << 20, f"{gigabytes} GB, {what}: refused while it is sent", len(body))


if len(sys.argv) > 1:
    bombs(sys.argv[2])
else:
    temporary_credentials()
    bodies()
finish()
