#!/usr/bin/env python3
"""Kills delivery-custom, campaign-scheduler and Postgres again and again while a campaign's messages go to a webhook that takes no
webhook-id twice. Then nothing may be lost, taken twice, or unknown. Exits non-zero when a promise was broken.
"""

import argparse
import collections
import json
import pathlib
import random
import subprocess
import sys
import time
import urllib.request

import campaign
import chaos
import killer
import ledger
import session
import suite
from session import say

HERE = pathlib.Path(__file__).resolve().parent
DELIVERY = "delivery-custom"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Campaign(campaign.Campaign):
    """The same people and arms, with custom messages to a webhook that keeps its promise."""

    def __init__(self, exports, url):
        super().__init__(exports)
        self.url = url

    def load(self, recipients):
        super().load(recipients)
        body = json.dumps({"Providers": [{
            "Name": "receiver", "Kind": "webhook", "Settings": {"Idempotent": "true"}, "Secrets": {"Secret": SECRET}}]}).encode()
        request = urllib.request.Request(
            f"{self.exports['NEEDLETAIL_URL']}/v1/apps/{self.app}/channels/custom/provider", data=body, method="PUT",
            headers={"Authorization": f"Bearer {self.exports['NEEDLETAIL_API_KEY']}", "Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=30).close()

    @staticmethod
    def _person(number, kind):
        return campaign.Campaign._person(number, kind) | {"ChannelType": "CUSTOM"}

    def _request(self, start):
        request = super()._request(start)
        request["MessageConfiguration"] = {"CustomMessage": {"Data": "first"}}
        request["CustomDeliveryConfiguration"] = {"DeliveryUri": self.url, "EndpointTypes": ["CUSTOM"]}
        second = request["AdditionalTreatments"][0]
        second["MessageConfiguration"] = {"CustomMessage": {"Data": "second"}}
        second["CustomDeliveryConfiguration"] = request["CustomDeliveryConfiguration"]
        return request


class Received:
    """What the receiver wrote down, read as it grows."""

    def __init__(self, path):
        self.file = open(path, "rb")
        self.rest = b""
        self.lines = []

    def read(self):
        """How many messages were taken for the first time, of all runs."""
        self.rest += self.file.read()
        *lines, self.rest = self.rest.split(b"\n")
        self.lines += [tuple(line.decode().split(" ")) for line in lines]
        return sum(1 for line in self.lines if line[2] == "new")


class Keys(chaos.Chaos):
    def __init__(self, options, folder):
        self.options = options
        self.random = random.Random(options.seed)
        (folder / "received").touch()
        self.sink = subprocess.Popen(
            [sys.executable, HERE / "receiver.py", folder, SECRET, str(options.seed)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self.url = f"https://127.0.0.1:{self.sink.stdout.readline().split()[1]}/take"
        self.received = Received(folder / "received")
        self.victims = [DELIVERY, "campaign-scheduler"]
        self.suite = suite.Suite(folder, options.binaries, HERE.parent.parent, {
            "NEEDLETAIL_OUTBOUND_ALLOW": "127.0.0.1/32", "NEEDLETAIL_OUTBOUND_CA_FILE": str(folder / "ca.pem"),
            "NEEDLETAIL_HOOK_HANDSHAKE": "0", "NEEDLETAIL_LEASE_TTL_MS": str(chaos.LEASE_MILLISECONDS),
            "NEEDLETAIL_WINDOW": str(chaos.WINDOW), "NEEDLETAIL_LOG_LEVEL": "warning"}, victims=self.victims)
        self.database = None
        self.holds = True

    def run(self):
        began = time.monotonic()
        self.suite.up()
        self.database = ledger.Database(self.suite.exports["NEEDLETAIL_DATABASE_URL"])
        self.campaign = Campaign(self.suite.exports, self.url)
        self.campaign.load(self.options.recipients)
        say(f"suite up, {self.options.recipients} recipients loaded in {time.monotonic() - began:.0f} s")
        # A first run without kills says how many there are to reach.
        self.campaign.start()
        undisturbed = ledger.Run(self.database, self._wait_for_run(1, lambda: None, 300))
        self.messages = self.received.read()
        self._disturb(undisturbed)
        self._prove()
        return self.holds

    def _disturb(self, undisturbed):
        began, first = time.monotonic(), len(self.received.lines)
        kills = killer.plan(self.random, self.options.kills, self.messages, DELIVERY)
        victims = [killer.Victim(self.suite, name, kills[name]) for name in [*self.victims, "postgres"]]
        self._pace(self.options.rate)
        for victim in victims:
            victim.prepare()
        self.campaign.wait_until_served()
        before, ends = self.received.read(), self.suite.ends()
        self.campaign.start_again("AT_MOST_ONCE")

        def disturb():
            count = self.received.read() - before
            for victim in victims:
                victim.tick(count)
            return f"{sum(len(v.done) for v in victims)} kills, {count} messages"

        row = self._wait_for_run(2, disturb, 60 + 12 * self.options.kills)
        self._pace(0)
        self.received.read()
        run = ledger.Run(self.database, row)
        delivery, scheduler, postgres = (len(victim.done) for victim in victims)
        crashes = self.suite.ends() - ends - delivery - scheduler
        say(f"\nkeys: {delivery + scheduler + postgres} kills in {time.monotonic() - began:.0f} s, of them {delivery} of {DELIVERY} "
            f"({victims[0].by_failpoint} by failpoint between fired and outcome), {scheduler} of campaign-scheduler and {postgres} "
            "of Postgres")
        self._show(self._checks(
            run, undisturbed, self.received.lines[first:], delivery + scheduler + postgres, crashes))

    def _checks(self, run, undisturbed, lines, kills, crashes):
        """As `ledger.checks`; the receiver counts by endpoint, each of which has one place in the run."""
        planned = len(run.planned)
        new = collections.Counter(endpoint for _, endpoint, kind in lines if kind == "new")
        names = collections.defaultdict(set)
        for name, endpoint, _ in lines:
            names[endpoint].add(name)
        ids = {row["endpoint_key"]: row["external_id"] for row in self.database.rows(
            "SELECT endpoint_key, external_id FROM endpoints WHERE app = $1", run.row["app"])}
        accepted = {ids[run.outcomes[place][0]["endpoint_key"]] for place, state in run.states.items() if state == "accepted"}
        again = sum(1 for line in lines if line[2] == "again")

        def number(name, figure):
            return name, figure, "0", figure == 0

        return [
            ("kills", kills, f"{self.options.kills}", kills == self.options.kills),
            ("ends of a process that nobody asked for", crashes, "0", crashes == 0),
            ("state of the run", run.row["state"], "COMPLETED", run.row["state"] == "COMPLETED"),
            ("planned", planned, f"{len(undisturbed.planned)}, as undisturbed", planned == len(undisturbed.planned)),
            ("recipients and arms (digests)", f"{len(run.chunks)} chunks", "as undisturbed", run.chunks == undisturbed.chunks),
            number("lost: planned, but neither outcome nor job", len(run.planned - run.states.keys())),
            number("jobs left", run.jobs),
            ("accepted", run.counts["accepted"], f"{self.messages}, everybody but the holdout",
             run.counts["accepted"] == self.messages == planned - run.counts["suppressed"]),
            number("unknown", run.counts["unknown"]),
            number("rejected or expired", run.counts["rejected"] + run.counts["expired"]),
            number("accepted, but not at the receiver", len(accepted - new.keys())),
            number("at the receiver, but not accepted", len(new.keys() - accepted)),
            number(f"taken twice (of {again} calls that were made again)", sum(new.values()) - len(new)),
            number("endpoints with more than one webhook-id", sum(1 for found in names.values() if len(found) > 1)),
            number("calls without a good signature", sum(1 for line in lines if line[2] == "unsigned")),
            number("flagged as possible duplicates", sum(
                1 for found in run.outcomes.values() for line in found if line["flags"] & ledger.POSSIBLE_DUPLICATE)),
        ]

    def _prove(self):
        status, text = self.suite.prove(self.campaign.id)
        if status:
            self.holds = False
            say(text.rstrip())
        say(f"\n  {'BROKEN' if status else 'ok':7}{'needletail prove, both runs of the campaign':52}{f'exit {status}':>20}   exit 0")

    def _explain(self):
        for name in ["supervisor", *self.victims]:
            say(f"end of {name}'s log:\n  " + "\n  ".join(self.suite.log_tail(name)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    session.add_options(parser, seed_help="repeats the choice of kills")
    parser.add_argument("--kills", type=int, default=200, help="at least 10")
    parser.add_argument("--recipients", type=int, default=50_000)
    parser.add_argument("--rate", type=float, default=600, help="messages a second that the receiver takes while killing")
    options = session.parse(parser)
    if options.kills < 10:
        parser.error("--kills must be at least 10")
    say(f"keys: {options.kills} kills, {options.recipients} recipients, window {chaos.WINDOW}, lease "
        f"{chaos.LEASE_MILLISECONDS} ms, seed {options.seed}")
    return session.hold(Keys, options)


if __name__ == "__main__":
    sys.exit(main())
