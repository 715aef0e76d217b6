"""The people, the segment and the campaign of the test, through the public API as any Pinpoint client uses it."""

import datetime
import json
import time
import urllib.request

import boto3
import botocore.config

BATCH = 100
HOLDOUT_PERCENT = 10
SECOND_TREATMENT_PERCENT = 40


class Campaign:
    def __init__(self, exports):
        self.client = boto3.client(
            "pinpoint", region_name=exports["AWS_DEFAULT_REGION"], endpoint_url=exports["AWS_ENDPOINT_URL_PINPOINT"],
            aws_access_key_id=exports["AWS_ACCESS_KEY_ID"], aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"],
            config=botocore.config.Config(retries={"mode": "standard", "max_attempts": 8}))
        self.exports = exports
        # Our extension of the shape: boto3's model does not know it.
        self.policy = None
        for operation in ["CreateCampaign", "UpdateCampaign"]:
            self.client.meta.events.register(f"before-call.pinpoint.{operation}", self._add_policy)

    def _add_policy(self, params, **_):
        if self.policy:
            body = json.loads(params["body"])
            body["Needletail"] = {"DeliveryPolicy": self.policy}
            params["body"] = json.dumps(body).encode()

    def load(self, recipients):
        """`recipients` people who will be written to, and one for each twenty of them who will not."""
        self.app = self.client.create_app(CreateApplicationRequest={"Name": "chaos"})["ApplicationResponse"]["Id"]
        self.client.update_email_channel(ApplicationId=self.app, EmailChannelRequest={
            "FromAddress": "Chaos <chaos@sender.invalid>", "Identity": "arn:aws:ses:us-east-1:000000000000:identity/sender.invalid",
            "Enabled": True})
        people = recipients + recipients // 20
        for start in range(0, people, BATCH):
            items = [self._person(n, "member" if n < recipients else "guest") for n in range(start, min(start + BATCH, people))]
            self.client.update_endpoints_batch(ApplicationId=self.app, EndpointBatchRequest={"Item": items})
        segment = self.client.create_segment(ApplicationId=self.app, WriteSegmentRequest={
            "Name": "members",
            "Dimensions": {"Attributes": {"Kind": {"AttributeType": "INCLUSIVE", "Values": ["member"]}}}})
        self.segment = segment["SegmentResponse"]["Id"]

    @staticmethod
    def _person(number, kind):
        return {
            "Id": f"person-{number:06}", "ChannelType": "EMAIL", "Address": f"person-{number:06}@recipient.invalid",
            "Attributes": {"Kind": [kind]}, "User": {"UserId": f"user-{number:06}"}}

    def start(self):
        """Creates the campaign, which runs at once."""
        response = self.client.create_campaign(ApplicationId=self.app, WriteCampaignRequest=self._request("IMMEDIATE"))
        self.id = response["CampaignResponse"]["Id"]

    def start_again(self, policy, within=2):
        """The same campaign once more, in a moment: same segment, same arms."""
        self.policy = policy
        due = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=within)
        request = self._request(due.strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.client.update_campaign(ApplicationId=self.app, CampaignId=self.id, WriteCampaignRequest=request)

    def _request(self, start):
        message = {"Title": "Hello {{Id}}", "HtmlBody": "<p>Hello {{User.UserId}}, <a href=\"https://shop.invalid/\">look</a>.</p>"}
        return {
            "Name": "chaos", "SegmentId": self.segment, "HoldoutPercent": HOLDOUT_PERCENT,
            "Schedule": {"StartTime": start, "Frequency": "ONCE"},
            "MessageConfiguration": {"EmailMessage": message},
            "AdditionalTreatments": [{
                "SizePercent": SECOND_TREATMENT_PERCENT, "TreatmentName": "second",
                "MessageConfiguration": {"EmailMessage": message | {"Title": "Good day {{Id}}"}}}]}

    def balance(self, run):
        """What the product reports of a run: our extension, so not through boto3."""
        request = urllib.request.Request(
            f"{self.exports['NEEDLETAIL_URL']}/v1/apps/{self.app}/campaigns/{self.id}/runs/{run}/balance",
            headers={"Authorization": f"Bearer {self.exports['NEEDLETAIL_API_KEY']}"})
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def wait_until_served(self, seconds=60):
        """The scheduler, which serves apps, answers again."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.client.get_app(ApplicationId=self.app)
            except Exception:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
