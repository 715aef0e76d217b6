"""Every channel operation by boto3, from one table; then each channel's life: absent, made, replaced, deleted, made again, and nothing
of its secrets in any answer.

usage: channel_operations.py OPERATIONS_FILE
"""

import json
import pathlib
import sys

from operation_table import Case, is_whole, names, pinpoint, run_table
from pinpoint_peer import equal, check, finish, refused

SECRET = "s3cr3t-that-must-not-come-back"
APPLE = {"BundleId": "com.example.shop", "TeamId": "TEAM012345", "TokenKeyId": "KEY0123456", "TokenKey": SECRET,
         "DefaultAuthenticationMethod": "TOKEN", "Enabled": True}
REQUESTS = {
    "Email": ("EMAIL", {"FromAddress": "shop@example.com", "Identity": "arn:aws:ses:eu-west-1:1:identity/example.com"}),
    "Sms": ("SMS", {"SenderId": "Shop", "ShortCode": "12345", "Enabled": True}),
    "Voice": ("VOICE", {"Enabled": True}),
    "Apns": ("APNS", APPLE),
    "ApnsSandbox": ("APNS_SANDBOX", APPLE),
    "ApnsVoip": ("APNS_VOIP", APPLE),
    "ApnsVoipSandbox": ("APNS_VOIP_SANDBOX", APPLE | {"Certificate": SECRET, "PrivateKey": SECRET}),
    "Gcm": ("GCM", {"ServiceJson": json.dumps({"private_key": SECRET}), "DefaultAuthenticationMethod": "TOKEN"}),
    "Baidu": ("BAIDU", {"ApiKey": SECRET, "SecretKey": SECRET}),
    "Adm": ("ADM", {"ClientId": "client", "ClientSecret": SECRET}),
}
CASES = [Case("GetChannels")] + [
    Case(f"{verb}{word}Channel", body=request if verb == "Update" else None)
    for word, (_, request) in REQUESTS.items()
    for verb in ("Update", "Get", "Delete")
]


def life(app, word, kind, request):
    def run(verb, **more):
        answer = getattr(pinpoint, names[f"{verb}{word}Channel"])(ApplicationId=app, **more)
        check(SECRET not in json.dumps(answer, default=str), f"{verb} of {kind} shows no secret")
        return next(value for key, value in answer.items() if key != "ResponseMetadata")

    shape = pinpoint.meta.service_model.operation_model(f"Update{word}Channel").input_shape.serialization["payload"]

    def update(body):
        return run("Update", **{shape: body})

    for verb in ("Get", "Delete"):
        with refused(f"{verb} of {kind} before it is there", 404, "NotFoundException"):
            run(verb)
    made = update(request)
    equal((made["Platform"], made["Id"], made["Version"], made["Enabled"]), (kind, kind.lower(), 1, True), f"{kind} is made")
    has_secret = SECRET in json.dumps(request)
    equal(made["HasCredential"], has_secret, f"{kind} says whether it has a credential")
    equal(run("Get"), made, f"{kind} is read back")
    off = update({key: value for key, value in request.items() if value != SECRET} | {"Enabled": False}
                 | ({"ApiKey": "", "SecretKey": "new" + SECRET} if kind == "BAIDU" else {})
                 | ({"ClientSecret": SECRET} if kind == "ADM" else {}))
    equal((off["Version"], off["Enabled"], off["HasCredential"]), (2, False, has_secret), f"{kind} keeps the secrets left out")
    summary = pinpoint.get_channels(ApplicationId=app)["ChannelsResponse"]["Channels"][kind]
    equal((summary["Version"], summary["Enabled"]), (2, False), f"GetChannels has {kind}")
    equal(run("Delete")["Version"], 2, f"{kind} is deleted")
    with refused(f"Get of {kind} after its end", 404, "NotFoundException"):
        run("Get")
    again = update({key: value for key, value in request.items() if key not in ("TokenKey", "Certificate", "PrivateKey")})
    equal(again["Version"], 3, f"{kind} counts on")
    if kind.startswith("APNS"):
        equal((again["HasCredential"], again["HasTokenKey"]), (False, False), f"a deleted {kind} has forgotten its keys")
    run("Delete")


def main():
    built = {line for line in pathlib.Path(sys.argv[1]).read_text().split("\n") if line and not line.startswith("#")}
    app = pinpoint.create_app(CreateApplicationRequest={"Name": "channels"})["ApplicationResponse"]["Id"]
    run_table(CASES, {"app": app}, built)
    is_whole(r"Channels?$", {case.operation for case in CASES}, built)
    for word, (kind, request) in REQUESTS.items():
        lived = pinpoint.create_app(CreateApplicationRequest={"Name": kind})["ApplicationResponse"]["Id"]
        life(lived, word, kind, request)
    finish()


main()
