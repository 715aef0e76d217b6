#!/usr/bin/env python3
"""Kills delivery-email, campaign-scheduler and Postgres again and again while a campaign runs, and then checks every promise.

One campaign runs three times through a real suite and a real SMTP server: undisturbed, then under kill -9 with
AT_MOST_ONCE, then under kill -9 with AT_LEAST_ONCE. Exits non-zero when a promise was broken.
"""

import argparse
import pathlib
import random
import subprocess
import sys
import time

import campaign
import killer
import ledger
import session
import suite
from session import say

HERE = pathlib.Path(__file__).resolve().parent
WINDOW = 20
LEASE_MILLISECONDS = 2000
POLL_SECONDS = 0.01
POLICIES = ["AT_MOST_ONCE", "AT_LEAST_ONCE"]


class Chaos:
    def __init__(self, options, folder):
        self.options = options
        self.random = random.Random(options.seed)
        received = folder / "received"
        received.touch()
        self.sink = subprocess.Popen(
            [sys.executable, HERE / "sink.py", received], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        port = self.sink.stdout.readline().split()[1]
        self.received = ledger.Received(received)
        self.suite = suite.Suite(folder, options.binaries, HERE.parent.parent, {
            "NEEDLETAIL_SMTP_URL": f"smtp://127.0.0.1:{port}/chaos.invalid?tls=never",
            "NEEDLETAIL_LEASE_TTL_MS": str(LEASE_MILLISECONDS), "NEEDLETAIL_WINDOW": str(WINDOW),
            "NEEDLETAIL_LOG_LEVEL": "warning"})
        self.database = None
        self.holds = True

    def run(self):
        began = time.monotonic()
        self.suite.up()
        self.database = ledger.Database(self.suite.exports["NEEDLETAIL_DATABASE_URL"])
        self.campaign = campaign.Campaign(self.suite.exports)
        self.campaign.load(self.options.recipients)
        say(f"suite up, {self.options.recipients} recipients loaded in {time.monotonic() - began:.0f} s")
        self._undisturbed()
        for policy in self.options.policy or POLICIES:
            self._disturbed(policy)
        self._prove()
        return self.holds

    def _undisturbed(self):
        began = time.monotonic()
        self.campaign.start()
        row = self._wait_for_run(1, lambda: None, 300)
        self.undisturbed = ledger.Run(self.database, row)
        self.received.read()
        self.messages = len(self.received.runs[self.undisturbed.id])
        say(f"undisturbed run: {self.messages} messages in {time.monotonic() - began:.0f} s")
        if self.undisturbed.counts["accepted"] != self.messages or self.undisturbed.counts["unknown"]:
            self.holds = False
            say(f"  FAILED: its ledger says {dict(self.undisturbed.counts)}")

    def _disturbed(self, policy):
        began = time.monotonic()
        kills = killer.plan(self.random, self.options.kills, self.messages)
        victims = [killer.Victim(self.suite, name, kills[name]) for name in [*suite.VICTIMS, "postgres"]]
        self._pace(self.options.rate)
        for victim in victims:
            victim.prepare()
        self.campaign.wait_until_served()
        before, ends = self.received.read(), self.suite.ends()
        number = len(self.database.runs(self.campaign.id)) + 1
        self.campaign.start_again(policy)

        def disturb():
            count = self.received.read() - before
            for victim in victims:
                victim.tick(count)
            return f"{sum(len(v.done) for v in victims)} kills, {count} messages"

        row = self._wait_for_run(number, disturb, 60 + 12 * self.options.kills)
        self._pace(0)
        self.received.read()
        run = ledger.Run(self.database, row)
        delivery, scheduler, postgres = (len(victim.done) for victim in victims)
        deaths, done = delivery + postgres, delivery + scheduler + postgres
        crashes = self.suite.ends() - ends - delivery - scheduler
        lines = ledger.checks(
            run, self.received, self.campaign.balance(run.id), self.undisturbed, policy, (done, self.options.kills), deaths,
            crashes, WINDOW)
        say(f"\n{policy}: {done} kills in {time.monotonic() - began:.0f} s, of them {delivery} of delivery-email "
            f"({victims[0].by_failpoint} by failpoint between fired and outcome), {scheduler} of "
            f"campaign-scheduler ({victims[1].by_failpoint} by failpoint) and {postgres} of Postgres")
        self._show(lines)
        unknown = [place for place, state in run.states.items() if state == "unknown"]
        if unknown:
            reached = sum(1 for place in unknown if place in self.received.runs[run.id])
            say(f"  of the unknown {reached} had reached the sink and {len(unknown) - reached} had not")

    def _show(self, lines):
        for what, figure, wanted, holds in lines:
            self.holds = self.holds and holds
            say(f"  {'ok' if holds else 'BROKEN':7}{what:52}{figure!s:>20}   {wanted}")

    def _prove(self):
        status, text = self.suite.prove(self.campaign.id)
        if status or self.received.strange:
            self.holds = False
            say(text.rstrip())
        say(f"\n  {'BROKEN' if status else 'ok':7}{'needletail prove, all runs of the campaign':52}{f'exit {status}':>20}   exit 0")

    def _wait_for_run(self, number, each, seconds):
        """Until the campaign's run of that number has ended; says how far it is every ten seconds."""
        deadline, told = time.monotonic() + seconds, time.monotonic()
        asked = 0
        while True:
            progress = each()
            now = time.monotonic()
            if now >= asked + 0.2:
                asked = now
                runs = self.database.runs(self.campaign.id)
                if len(runs) >= number and runs[number - 1]["state"] in ("COMPLETED", "CANCELLED"):
                    each()
                    return runs[number - 1]
            if now > deadline:
                self._explain()
                raise RuntimeError(f"run {number} did not end within {seconds} s ({progress})")
            if progress and now >= told + 10:
                told = now
                say(f"  {progress}")
            time.sleep(POLL_SECONDS)

    def _explain(self):
        for name in ["supervisor", *suite.VICTIMS]:
            say(f"end of {name}'s log:\n  " + "\n  ".join(self.suite.log_tail(name)))

    def _pace(self, per_second):
        self.sink.stdin.write(f"rate {per_second}\n")
        self.sink.stdin.flush()

    def close(self):
        if self.database:
            self.database.close()
        self.suite.down()
        self.sink.stdin.close()
        self.sink.wait(timeout=10)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    session.add_options(parser, seed_help="repeats the choice of kills")
    parser.add_argument("--kills", type=int, default=200, help="in each of the two disturbed runs; at least 10")
    parser.add_argument("--recipients", type=int, default=50_000)
    parser.add_argument("--rate", type=float, default=600, help="messages a second that the sink takes while killing")
    parser.add_argument("--policy", action="append", choices=POLICIES, help="only this one")
    options = session.parse(parser)
    if options.kills < 10:
        parser.error("--kills must be at least 10")
    say(f"chaos: {options.kills} kills, {options.recipients} recipients, window {WINDOW}, lease "
        f"{LEASE_MILLISECONDS} ms, seed {options.seed}")
    return session.hold(Chaos, options)


if __name__ == "__main__":
    sys.exit(main())
