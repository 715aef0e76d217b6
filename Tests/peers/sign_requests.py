"""Writes Tests/Golden/sigv4/requests.json: requests signed by botocore, as the verifier of ours has to accept them.

The boto3 client is the real one: the requests are caught on their way to the socket. The rest are made by hand, for forms that
the client does not send by itself. The clock and the keys are fixed, so that the file only changes when botocore does.

    python3 Tests/peers/sign_requests.py
"""

import datetime
import json
import pathlib
import urllib.parse

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.compat
import botocore.credentials

NOW = datetime.datetime(2026, 11, 22, 8, 15, 30)
KEY, SECRET = "NTKAEXAMPLE234567ABC", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
ENDPOINT = "http://127.0.0.1:8080"

botocore.auth.get_current_datetime = lambda remove_tzinfo=True: NOW

cases = []


def record(name, request):
    parts = urllib.parse.urlsplit(request.url)
    headers = [[n, v.decode() if isinstance(v, bytes) else str(v)] for n, v in request.headers.items()]
    if not any(n.lower() == "host" for n, _ in headers):
        headers.append(["Host", parts.netloc])
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else bytes(body)
    # Fields that say which machine made the file, and that nobody signs.
    left_out = {"user-agent", "amz-sdk-invocation-id", "amz-sdk-request", "content-length"}
    cases.append({
        "name": name,
        "method": request.method,
        "target": parts.path + ("?" + parts.query if parts.query else ""),
        "headers": [h for h in headers if h[0].lower() not in left_out],
        "body": body.decode(),
    })


class Caught(Exception):
    pass


def client(region="us-east-1", token=None):
    made = boto3.client(
        "pinpoint", region_name=region, endpoint_url=ENDPOINT, aws_access_key_id=KEY, aws_secret_access_key=SECRET,
        aws_session_token=token)
    return made


def call(name, made, operation, **parameters):
    def catch(request, **_):
        record(name, request)
        raise Caught()

    made.meta.events.register("before-send.pinpoint", catch)
    try:
        getattr(made, operation)(**parameters)
    except Caught:
        pass
    finally:
        made.meta.events.unregister("before-send.pinpoint", catch)


APP = "0123456789abcdef0123456789abcdef"
ARN = f"arn:aws:mobiletargeting:us-east-1:000000000000:apps/{APP}"
pinpoint = client()
call("a plain GET", pinpoint, "get_app", ApplicationId=APP)
call("a GET with a query", pinpoint, "get_segments", ApplicationId=APP, Token="bmV4dA==", PageSize="10")
call("a path with an encoded slash, space and at sign", pinpoint, "get_endpoint", ApplicationId=APP, EndpointId="a/b c@d")
call("a path with non-ASCII", pinpoint, "get_endpoint", ApplicationId=APP, EndpointId="mäx+1~_-.*")
call("an ARN in the path", pinpoint, "list_tags_for_resource", ResourceArn=ARN)
call("a repeated query key", pinpoint, "untag_resource", ResourceArn=ARN, TagKeys=["stage", "a b", "ärger", "Stage"])
call("a POST with a JSON body", pinpoint, "create_app", CreateApplicationRequest={"Name": "shop", "tags": {"stage": "test"}})
call("a body with non-ASCII", pinpoint, "update_endpoint", ApplicationId=APP, EndpointId="e1",
     EndpointRequest={"Address": "jürgen@example.com", "Attributes": {"名前": ["太郎", "\U0001F600"]}})
call("another region", client("eu-central-1"), "get_apps", PageSize="5")
call("a session token", client(token="FwoGZXIvYXdzEXAMPLE//token=="), "delete_endpoint", ApplicationId=APP, EndpointId="e1")


def sign(name, auth, method, path, headers, body=None):
    request = botocore.awsrequest.AWSRequest(method=method, url=ENDPOINT + path, headers=headers, data=body)
    auth.add_auth(request)
    record(name, request.prepare())


credentials = botocore.credentials.Credentials(KEY, SECRET)
plain = botocore.auth.SigV4Auth(credentials, "mobiletargeting", "us-east-1")
sign("an unsorted query with an empty value", plain, "GET",
     f"/v1/apps/{APP}/campaigns?token=z&page-size=3&empty=&Token=A&token=a%20b", {})
sign("white space and several values in a header", plain, "POST", "/v1/apps",
     {"Content-Type": "application/json;   charset=utf-8 ", "X-Amz-Meta": "  a   b  "}, '{"Name":"x"}')
sign("a body in raw UTF-8", plain, "POST", "/v1/apps", {"Content-Type": "application/json"}, '{"Name":"Äpfel 🍏"}'.encode())
sign("the body's hash announced", plain, "PUT", f"/v1/apps/{APP}/settings",
     {"Content-Type": "application/json", "X-Amz-Content-SHA256":
      "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}, "{}")
presigner = botocore.auth.SigV4QueryAuth(credentials, "mobiletargeting", "us-east-1", expires=600)
sign("a presigned URL", presigner, "GET", f"/v1/apps/{APP}?x=1%2F2", {})

out = pathlib.Path(__file__).parent.parent / "Golden" / "sigv4" / "requests.json"
document = {
    "signedAt": NOW.strftime("%Y-%m-%dT%H:%M:%SZ"), "keyID": KEY, "secret": SECRET, "botocore": botocore.__version__,
    "requests": cases,
}
out.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
print(f"{len(cases)} requests in {out}")
