"""What the database says of a run, recounted here and not by the product's own code."""

import asyncio
import base64
import collections
import time

import asyncpg

OUTCOMES = {1: "accepted", 2: "rejected", 3: "suppressed", 4: "expired", 5: "unknown"}
POSSIBLE_DUPLICATE, LATE = 1, 2
PATIENCE_SECONDS = 60


class Database:
    """asyncpg, one reading statement at a time, for a driver that is not asynchronous. It outlives the server, which is killed too."""

    def __init__(self, url):
        self.url = url
        self.loop = asyncio.new_event_loop()
        self.connection = None

    def rows(self, sql, *arguments):
        return self.loop.run_until_complete(self._rows(sql, arguments))

    async def _rows(self, sql, arguments):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                if self.connection is None:
                    self.connection = await asyncpg.connect(self.url, timeout=10)
                return await self.connection.fetch(sql, *arguments)
            except (OSError, asyncio.TimeoutError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError,
                    asyncpg.OperatorInterventionError):
                self.close()
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)

    def close(self):
        """At once, also when a signal came in the middle of a statement."""
        if self.connection:
            self.connection.terminate()
            self.connection = None

    def runs(self, campaign):
        """Oldest first."""
        return self.rows("SELECT id, state FROM runs WHERE campaign = $1::uuid ORDER BY started_at", campaign)


class Run:
    """One run's books: every recipient by its place (chunk, ordinal)."""

    def __init__(self, database, row):
        self.id = row["id"].hex
        run = row["id"]
        self.row = database.rows("SELECT * FROM runs WHERE id = $1", run)[0]
        chunks = database.rows(
            "SELECT chunk, treatment, first_key, last_key, size, digest FROM run_chunks WHERE run = $1 ORDER BY chunk", run)
        self.chunks = [tuple(chunk) for chunk in chunks]
        self.planned = {(chunk["chunk"], n) for chunk in chunks for n in range(chunk["size"])}
        self.jobs = database.rows("SELECT count(*) FROM jobs WHERE run = $1", run)[0][0]
        self.outcomes = collections.defaultdict(list)
        for line in database.rows(
            "SELECT chunk, ordinal, endpoint_key, outcome, reason, flags FROM send_outcomes WHERE run_day = $1 AND run = $2",
            self.row["run_day"], run):
            self.outcomes[line["chunk"], line["ordinal"]].append(line)
        people = database.rows("SELECT endpoint_key, address FROM endpoints WHERE app = $1", self.row["app"])
        self.addresses = {person["endpoint_key"]: person["address"] for person in people}
        self.states = {place: self._state(lines) for place, lines in self.outcomes.items()}
        self.counts = collections.Counter(self.states.values())

    @staticmethod
    def _state(lines):
        names = {OUTCOMES[line["outcome"]] for line in lines}
        if "accepted" in names:
            return "accepted"
        terminal = names - {"unknown"}
        return "unknown" if not terminal else terminal.pop() if len(terminal) == 1 else "contradictory"

    def is_flagged(self, place):
        return any(line["flags"] & (POSSIBLE_DUPLICATE | LATE) for line in self.outcomes[place])

    def is_addressed(self, place, addresses):
        """Whether the message of this place went to the person of this place, and to nobody else."""
        return {self.addresses.get(line["endpoint_key"]) for line in self.outcomes[place]} == addresses

    @property
    def unexplained(self):
        """Recipients in state unknown without a reason."""
        return sum(
            1 for place, state in self.states.items()
            if state == "unknown" and not any(line["reason"] for line in self.outcomes[place]))


class Received:
    """What the sink wrote down, read as it grows."""

    def __init__(self, path):
        self.file = open(path, "rb")
        self.rest = b""
        # By run: how often each place was received.
        self.runs = collections.defaultdict(collections.Counter)
        # By run and place: to whom.
        self.addresses = collections.defaultdict(lambda: collections.defaultdict(set))
        self.total = 0
        self.strange = 0

    def read(self):
        """How many messages were received so far, of all runs."""
        self.rest += self.file.read()
        *lines, self.rest = self.rest.split(b"\n")
        for line in lines:
            self.total += 1
            name, _, address = line.decode().partition(" ")
            try:
                run, place = place_of(name.partition("@")[0])
            except (ValueError, IndexError):
                self.strange += 1
                continue
            self.runs[run][place] += 1
            self.addresses[run][place].add(address)
        return self.total


def place_of(reference):
    """The run and the place that a send's reference names: `run ‖ endpoint key ‖ varint chunk ‖ varint ordinal ‖ …` in base32."""
    data = base64.b32decode(reference.upper() + "=" * (-len(reference) % 8))
    place, at = [], 24
    for _ in range(2):
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        place.append(value)
    return data[:16].hex(), tuple(place)


def checks(run, received, reported, undisturbed, policy, kills, deaths, crashes, window):
    """(what, figure, wanted, whether it holds) of a disturbed run. `reported` is the product's own balance of it, `deaths` are
    kills of delivery-email, and of the Postgres that its outcomes go to."""
    seen = received.runs[run.id]
    copies = {place: count for place, count in seen.items() if count > 1}
    state = run.states.get
    planned = len(run.planned)

    def number(name, figure, limit=0):
        return name, figure, "0" if limit == 0 else f"<= {limit}", figure <= limit

    lines = [
        ("kills", kills[0], f"{kills[1]}", kills[0] == kills[1]),
        ("ends of a process that nobody asked for", crashes, "0", crashes == 0),
        ("state of the run", run.row["state"], "COMPLETED", run.row["state"] == "COMPLETED"),
        ("planned", planned, f"{len(undisturbed.planned)}, as undisturbed",
         planned == run.row["planned"] == len(undisturbed.planned)),
        ("recipients and arms (digests)", f"{len(run.chunks)} chunks", "as undisturbed", run.chunks == undisturbed.chunks),
        number("lost: planned, but neither outcome nor job", len(run.planned - run.states.keys())),
        number("jobs left", run.jobs),
        number("outcomes of nobody planned, or contradictory",
               len(run.states.keys() - run.planned) + run.counts["contradictory"]),
        ("accepted", f"{run.counts['accepted']} ({100 * run.counts['accepted'] / max(1, planned):.1f} %)", ">= 70 %",
         run.counts["accepted"] >= 0.7 * planned),
        ("held out, as undisturbed", run.counts["suppressed"], str(undisturbed.counts["suppressed"]),
         run.counts["suppressed"] == undisturbed.counts["suppressed"]),
        number("rejected or expired", run.counts["rejected"] + run.counts["expired"]),
        number("accepted, but not at the sink", sum(1 for p, s in run.states.items() if s == "accepted" and p not in seen)),
        number("at the sink, but neither accepted nor unknown",
               sum(1 for place in seen if state(place) not in ("accepted", "unknown"))),
        number("received by somebody else than planned",
               sum(1 for place, to in received.addresses[run.id].items() if not run.is_addressed(place, to))),
        number("unknown without a reason", run.unexplained),
        ("balance sheet of the API", f"{reported['Unknown']} unknown", "as recounted",
         reported["Balances"] and reported["Open"] == 0 and reported["Planned"] == planned
         and all(reported[name.title()] == run.counts[name] for name in OUTCOMES.values())),
    ]
    if policy == "AT_MOST_ONCE":
        lines += [
            number("second copies at the sink", sum(copies.values()) - len(copies)),
            number(f"unknown (limit: {deaths} kills x {window})", run.counts["unknown"], deaths * window),
        ]
    else:
        unflagged = sum(1 for place in copies if not run.is_flagged(place))
        lines += [
            number("unknown", run.counts["unknown"]),
            number(f"second copies at the sink without a flag (of {sum(copies.values()) - len(copies)})", unflagged),
        ]
    return lines
