#!/usr/bin/env python3
"""The carriers' own code, one question at a time: signs what they would post to us, and reads what we would send to them.

usage: carriers.py QUESTION JSON      prints one line of JSON

aws             {"key_id", "secret", "token"?, "calls": [{"target", "headers", "body"}]}: what is wrong with each call, by botocore's signer
                and its model of pinpoint-sms-voice-v2; empty texts for calls that are right
vonage_sign     {"secret", "fields"}: the signature by each method, by vonage_http_client
vonage_token    {"secret", "claims"}: a token that vonage_jwt accepts
rsa             {}: a new private key and its public one
rs256           {"token", "public"}: the claims, by PyJWT
twilio_sign     {"token", "url", "fields"}: the signature, by Twilio's own validator
"""
import datetime
import hashlib
import json
import sys


def aws(request):
    import botocore.auth
    import botocore.awsrequest
    import botocore.credentials
    import botocore.session
    import botocore.validate

    credentials = botocore.credentials.Credentials(request["key_id"], request["secret"], request.get("token"))
    model = botocore.session.Session().get_service_model("pinpoint-sms-voice-v2")

    def complaint(call):
        headers = {name.lower(): value for name, value in call["headers"]}
        given = headers.get("authorization", "")
        if not given.startswith("AWS4-HMAC-SHA256 "):
            return "no signature"
        parts = dict(part.strip().split("=", 1) for part in given.split(" ", 1)[1].split(","))
        scope = parts["Credential"].split("/")
        names = parts["SignedHeaders"].split(";")
        if missing := {"host", "content-type", "x-amz-date", "x-amz-target"} - set(names):
            return f"not signed: {sorted(missing)}"
        signed = botocore.awsrequest.AWSRequest(
            method="POST", url=f"http://{headers['host']}{call['target']}", data=call["body"].encode())
        for name in names:
            if name not in ("host", "x-amz-date", "x-amz-security-token"):
                signed.headers[name] = headers[name]
        moment = datetime.datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
        botocore.auth.get_current_datetime = lambda remove_tzinfo=True: moment
        botocore.auth.SigV4Auth(credentials, scope[3], scope[2]).add_auth(signed)
        if signed.headers["Authorization"] != given or scope[3] != model.signing_name:
            return "wrong signature"
        prefix, _, operation = headers["x-amz-target"].partition(".")
        if prefix != model.metadata["targetPrefix"] or headers["content-type"] != "application/x-amz-json-1.0":
            return "wrong protocol"
        shape = model.operation_model(operation).input_shape
        body = json.loads(call["body"])
        if unknown := set(body) - set(shape.members):
            return f"not known: {sorted(unknown)}"
        report = botocore.validate.ParamValidator().validate(body, shape)
        return report.generate_report() if report.has_errors() else ""

    return [complaint(call) for call in request["calls"]]


def vonage_sign(request):
    from vonage_http_client.auth import Auth

    fields = dict(request["fields"])
    signatures = {}
    for method in ("md5", "sha1", "sha256", "sha512"):
        auth = Auth(api_key="k", signature_secret=request["secret"], signature_method=method)
        signatures[method] = auth.sign_params(dict(fields))
    # Accounts without HMAC: MD5 over the same text and the secret behind it, as Vonage's guide to signing describes.
    text = "".join(f"&{name}={str(fields[name]).replace('&', '_').replace('=', '_')}" for name in sorted(fields))
    signatures["md5hash"] = hashlib.md5((text + request["secret"]).encode()).hexdigest()
    return signatures


def vonage_token(request):
    import jwt
    import vonage_jwt

    token = jwt.encode(request["claims"], request["secret"], algorithm="HS256")
    moment = datetime.datetime.fromtimestamp(request["claims"].get("iat") or request["claims"]["exp"] - 1, datetime.timezone.utc)

    # The vendor's check knows no clock but the machine's.
    class Then(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return moment

    jwt.api_jwt.datetime = Then
    return {"token": token, "accepted": vonage_jwt.verify_signature(token, request["secret"])}


def rsa(_):
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa as keys

    key = keys.generate_private_key(public_exponent=65537, key_size=2048)
    return {
        "private": key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode(),
        "public": key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode(),
    }


def rs256(request):
    import jwt

    options = {"verify_exp": False, "verify_iat": False, "require": ["application_id", "iat", "exp", "jti"]}
    return {
        "header": jwt.get_unverified_header(request["token"]),
        "claims": jwt.decode(request["token"], request["public"], algorithms=["RS256"], options=options),
    }


def twilio_sign(request):
    from twilio.request_validator import RequestValidator

    return RequestValidator(request["token"]).compute_signature(request["url"], request["fields"])


QUESTIONS = {f.__name__: f for f in (aws, vonage_sign, vonage_token, rsa, rs256, twilio_sign)}
print(json.dumps(QUESTIONS[sys.argv[1]](json.loads(sys.argv[2]))))
