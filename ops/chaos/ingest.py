#!/usr/bin/env python3
"""Kills ingest-api with SIGKILL every 200 ms while 8 clients put events and endpoints, cuts its connections to Postgres now and
then, and afterwards holds the raw rows against what the clients were told. Exits non-zero when a promise was broken.
"""

import argparse
import collections
import pathlib
import random
import socket
import sys
import time

import ingest_clients
import ledger
import session
import suite
from session import say

HERE = pathlib.Path(__file__).resolve().parent
SERVICE = "ingest-api"
# A process that lives this long before each kill; it counts from when it takes connections.
LIFE_SECONDS = 0.2
# Of the kills, those that cut its database connections instead: one of so many.
CUT_EVERY = 5


class Ingest:
    def __init__(self, options, folder):
        self.options = options
        self.random = random.Random(options.seed)
        self.suite = suite.Suite(
            folder, options.binaries, HERE.parent.parent, {"NEEDLETAIL_LOG_LEVEL": "warning"}, victims=(), respawned=(SERVICE,))
        self.database = None
        self.kills = self.cuts = 0

    def run(self):
        self.suite.up()
        self.database = ledger.Database(self.suite.exports["NEEDLETAIL_DATABASE_URL"])
        clients = ingest_clients.Clients(self.suite.exports, self.options.clients, self.options.seed)
        clients.start()
        self._disturb(time.monotonic() + self.options.seconds, clients)
        clients.finish()
        return self._check(clients)

    def _disturb(self, end, clients):
        killed = None
        while time.monotonic() < end:
            process = self._started(killed)
            # Not in step with the commits, nor with the clients.
            time.sleep(LIFE_SECONDS * self.random.uniform(0.75, 1.25))
            if (self.kills + self.cuts) % CUT_EVERY == CUT_EVERY - 1:
                self.database.rows(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", SERVICE)
                self.cuts += 1
            else:
                process.kill()
                killed, self.kills = process.pid, self.kills + 1

    def _started(self, killed):
        """The process that took the place of the one that was killed, once it takes connections."""
        deadline = time.monotonic() + 60
        path = str(self.suite.home / "run" / f"{SERVICE}.sock")
        while True:
            process = self.suite.process(SERVICE)
            if process and process.pid != killed:
                probe = socket.socket(socket.AF_UNIX)
                try:
                    probe.connect(path)
                    return process
                except OSError:
                    pass
                finally:
                    probe.close()
            if time.monotonic() > deadline:
                raise RuntimeError(f"{SERVICE} did not come back: {self.suite.log_tail(SERVICE)}")
            time.sleep(0.005)

    # What must hold

    def _check(self, clients):
        rows = self.database.rows("SELECT attributes->>'n', metrics->>'m' FROM events WHERE type = 'load' AND app = $1::uuid", clients.app)
        stored = collections.Counter(row[0] for row in rows)
        acknowledged, doubtful = clients.acknowledged_events, clients.doubtful_events
        endpoints = {
            row["external_id"]: row for row in self.database.rows(
                "SELECT external_id, attributes::text, user_id, user_attributes::text, address, endpoint_status"
                " FROM endpoints WHERE app = $1::uuid", clients.app)}
        whole = {name: clients.is_whole(name, row) for name, row in endpoints.items()}
        missing = clients.acknowledged_endpoints - endpoints.keys()
        stale = [name for name, sent in clients.counters.items()
                 if not sent.acknowledged <= sent.of(endpoints.get(name)) <= sent.begun]
        lines = [
            ("kills of ingest-api", self.kills, f">= {self.options.kills}", self.kills >= self.options.kills),
            ("times its database connections were cut", self.cuts, ">= 1", self.cuts >= 1),
            ("acknowledged events", len(acknowledged), ">= 200", len(acknowledged) >= 200),
            ("acknowledged, but not stored", len(acknowledged - stored.keys()), "0", not acknowledged - stored.keys()),
            ("stored more than once", sum(1 for n in stored.values() if n > 1), "0", max(stored.values(), default=0) == 1),
            ("never acknowledged, and stored anyway (of " f"{len(doubtful)})", len(doubtful & stored.keys()), "any", True),
            ("stored, but never sent", len(stored.keys() - acknowledged - doubtful), "0",
             not stored.keys() - acknowledged - doubtful),
            ("events with other metrics than sent", sum(1 for row in rows if not ingest_clients.is_metric_of(*row)), "0",
             all(ingest_clients.is_metric_of(*row) for row in rows)),
            ("acknowledged endpoints that are missing", len(missing), "0", not missing),
            (f"endpoints that are not as sent (of {len(whole)})", sum(1 for good in whole.values() if not good), "0",
             all(whole.values())),
            ("updates lost or made up", len(stale), "0", not stale),
            ("answers but 202 and those of a process that is away", str(dict(clients.unexpected)), "{}", not clients.unexpected),
            self._rollups(clients.app, sum(stored.values())),
        ]
        say(f"{self.kills} kills and {self.cuts} cuts in {self.options.seconds} s, {self.options.clients} clients, answers "
            f"{dict(clients.statuses)}")
        for what, figure, wanted, holds in lines:
            say(f"  {'ok' if holds else 'BROKEN':7}{what:60}{figure!s:>12}   {wanted}")
        return all(holds for *_, holds in lines)

    def _rollups(self, app, expected):
        """A batch that was repeated must not be counted twice either."""
        deadline = time.monotonic() + 20
        while True:
            (row,) = self.database.rows("SELECT coalesce(sum(n), 0)::bigint FROM rollups WHERE app = $1::uuid AND type = 'load'", app)
            if row[0] == expected or time.monotonic() > deadline:
                return "events in the roll-ups", row[0], f"{expected}, as stored", row[0] == expected
            time.sleep(0.1)

    def close(self):
        if self.database:
            self.database.close()
        self.suite.down()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    session.add_options(parser, seed_help="repeats the choices, though not the moments")
    parser.add_argument("--seconds", type=float, default=60, help="how long the clients are disturbed")
    parser.add_argument("--kills", type=int, default=100, help="fewer than these are a failure")
    parser.add_argument("--clients", type=int, default=8)
    options = session.parse(parser)
    say(f"ingest chaos: seed {options.seed}")
    return session.hold(Ingest, options)


if __name__ == "__main__":
    sys.exit(main())
