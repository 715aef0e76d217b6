"""The audience of the segment contest, made by DuckDB from hashes of row numbers: the same in every run but for its clock.

It loads the audience into Postgres and answers the contest's questions over typed columns of its own, as DuckDB's users
would hold them. Reads one command per line, answers each with one JSON line:

  make ENDPOINTS EVENTS APP EPOCH   (app: 32 hex digits; epoch: the second in which the audience is as it is)
  load URL                          fills `endpoints`, `users` and `events` of the product's schema
  ask NAME TIMES                    {"answer": n, "ms": [...], "cpu": seconds of processor time a run}

usage: segments_peer.py FILE THREADS
"""

import asyncio
import contextlib
import json
import sys
import tempfile
import time
import uuid
from pathlib import Path

import asyncpg
import duckdb

DAYS = 108
# No event lies in the hours after a window's start, so that answers stay as they are while the contest runs.
QUIET_HOURS = 6
WINDOWS = (7, 14, 30)

# A share of 2^64 by row number and name: uniform, and independent between names.
MACROS = """
CREATE MACRO share(i, name) AS (hash(name || '/' || i) >> 11) / 9007199254740992.0;
CREATE MACRO pick(i, name, n) AS CAST(floor(share(i, name) * n) AS INTEGER);
-- Few values take most of the rows.
CREATE MACRO skewed(i, name, n, power) AS CAST(floor(n * pow(share(i, name), power)) AS INTEGER);
"""

ENDPOINTS = """
CREATE TABLE endpoints AS
WITH rows AS (
    SELECT i, sha256(unhex('{app}') || encode('person-' || i)) AS digest FROM range({endpoints}) AS t(i))
SELECT i,
       -- As the product makes keys: 64 bits of the hash, and the cohort from the next 64.
       CASE WHEN key >= 9223372036854775808 THEN (key - 18446744073709551616)::BIGINT ELSE key::BIGINT END AS endpoint_key,
       CAST(('0x' || substr(digest, 17, 16))::UBIGINT % 100 AS SMALLINT) AS cohort,
       ['EMAIL', 'GCM', 'APNS', 'SMS'][1 + skewed(i, 'channel', 4, 2)] AS channel_type,
       -- demographic, location
       ['iOS', 'Android', 'Web'][1 + pick(i, 'platform', 3)] AS platform,
       '5.' || skewed(i, 'version', 24, 2) AS app_version,
       ['US', 'JP', 'DE', 'BR', 'IN', 'GB', 'FR', 'KR', 'IT', 'ES', 'MX', 'CA', 'AU', 'NL', 'SE', 'PL', 'TR', 'ID', 'TH', 'VN',
        'PH', 'MY', 'SG', 'AT', 'CH'][1 + pick(i, 'country', 25)] AS country,
       -- metrics
       18 + pick(i, 'age', 63) AS age,
       skewed(i, 'sessions', 2000, 3) AS sessions,
       skewed(i, 'value', 40000, 3) / 100.0 AS lifetime_value,
       -- attributes
       list_distinct([
           ['music', 'travel', 'sports', 'games', 'cats', 'dogs', 'books', 'cooking', 'cars', 'film', 'art', 'garden', 'fashion',
            'science', 'health', 'history'][1 + pick(i, 'interest' || k, 16)]
           FOR k IN range(1 + pick(i, 'interests', 6))]) AS interests,
       list_distinct(['c' || skewed(i, 'category' || k, 40, 2) FOR k IN range(1 + pick(i, 'categories', 3))]) AS categories,
       CASE WHEN share(i, 'plan') < 0.22 THEN 'pro' WHEN share(i, 'plan') < 0.3 THEN 'team' ELSE 'free' END AS plan,
       ['en', 'ja', 'de', 'pt', 'hi', 'fr', 'ko', 'it', 'es'][1 + skewed(i, 'language', 9, 1.5)] AS language,
       'city-' || skewed(i, 'city', 2000, 2) AS city,
       ['none', 'silver', 'gold', 'platinum'][1 + skewed(i, 'tier', 4, 3)] AS tier,
       ['organic', 'ads', 'friend', 'store', 'partner'][1 + skewed(i, 'source', 5, 2)] AS source,
       CASE WHEN share(i, 'newsletter') < 0.6 THEN 'yes' ELSE 'no' END AS newsletter,
       'store-' || pick(i, 'store', 150) AS store,
       strftime(DATE '1945-01-01' + pick(i, 'birthday', 22000), '%Y-%m-%dT00:00:00Z') AS birthday,
       strftime(to_timestamp({epoch})::DATE - pick(i, 'signup', 1500), '%Y-%m-%dT00:00:00Z') AS signup,
       ['day', 'week', 'month', 'never'][1 + pick(i, 'frequency', 4)] AS frequency,
       -- user attributes
       'company-' || skewed(i, 'company', 3000, 2) AS company,
       ['owner', 'admin', 'member', 'guest'][1 + pick(i, 'role', 4)] AS role
  FROM (SELECT *, ('0x' || substr(digest, 1, 16))::UBIGINT::HUGEINT AS key FROM rows)
 ORDER BY i;
"""

EVENTS = """
CREATE TABLE events AS
WITH drawn AS (
    SELECT i,
           -- Some people are busier than others.
           CAST(floor({endpoints} * pow(share(i, 'who'), 1.2)) AS BIGINT) AS person,
           CASE WHEN share(i, 'type') < 0.40 THEN '_session.start' WHEN share(i, 'type') < 0.60 THEN 'page.view'
                WHEN share(i, 'type') < 0.76 THEN 'product.view' WHEN share(i, 'type') < 0.85 THEN 'search'
                WHEN share(i, 'type') < 0.92 THEN 'cart.add' WHEN share(i, 'type') < 0.98 THEN 'purchase'
                WHEN share(i, 'type') < 0.995 THEN 'review' ELSE 'support.open' END AS type,
           -- Older first, as they arrive.
           CAST(floor({days} * 86400000.0 * (1 - (i + share(i, 'at')) / {events})) AS BIGINT) AS drawn_age
      FROM range({events}) AS t(i)),
aged AS (
    SELECT *, drawn_age + CASE WHEN {quiet} THEN {quiet_ms} ELSE 0 END + 1 AS age FROM drawn)
SELECT a.i, endpoint_key, type, epoch_ms({epoch} * 1000::BIGINT - a.age) AS occurred_at, pick(a.i, 'product', 5000) AS product
  FROM aged a JOIN endpoints e ON e.i = a.person
 ORDER BY a.i;
"""

TO_ENDPOINTS = """
SELECT '{app}'::UUID, endpoint_key, 'person-' || i, channel_type,
       CASE WHEN channel_type = 'EMAIL' THEN 'person' || i || '@example.com' ELSE 'address-' || i END,
       '\\x' || sha256('address-' || i), cohort, 'user-' || i,
       to_json({{'interests': interests, 'categories': categories, 'plan': [plan], 'language': [language], 'city': [city],
                'tier': [tier], 'source': [source], 'newsletter': [newsletter], 'store': [store], 'birthday': [birthday],
                'signup': [signup], 'frequency': [frequency]}}),
       to_json({{'age': age, 'sessions': sessions, 'lifetime_value': lifetime_value}}),
       to_json({{'company': [company], 'role': [role]}}),
       to_json({{'Platform': platform, 'AppVersion': app_version}}), to_json({{'Country': country}}),
       strftime(to_timestamp({epoch}) - INTERVAL '400 days', '%Y-%m-%d %H:%M:%S+00'),
       strftime(to_timestamp({epoch}) - INTERVAL '400 days', '%Y-%m-%d %H:%M:%S+00')
  FROM endpoints WHERE i >= {first} AND i < {last} ORDER BY i
"""
ENDPOINT_COLUMNS = [
    "app", "endpoint_key", "external_id", "channel_type", "address", "address_hash", "cohort", "user_id", "attributes",
    "metrics", "user_attributes", "demographic", "location", "effective_at", "created_at",
]

TO_EVENTS = """
SELECT date_trunc('week', occurred_at)::DATE, endpoint_key,
       -- 48 bits of milliseconds, then a hash: time-ordered, as the product makes ids.
       (printf('%012x', epoch_ms(occurred_at)) || substr(md5('event-' || i), 1, 20))::UUID,
       '{app}'::UUID, type, strftime(occurred_at, '%Y-%m-%d %H:%M:%S.%f+00'), strftime(occurred_at, '%Y-%m-%d %H:%M:%S.%f+00'),
       CASE WHEN type IN ('product.view', 'cart.add', 'purchase')
            THEN to_json({{'product': 'p' || product, 'category': 'c' || product % 40}}) ELSE to_json({{'screen': 's' || product % 30}}) END,
       CASE WHEN type = 'purchase' THEN to_json({{'amount': product / 10.0}}) END
  FROM events WHERE i >= {first} AND i < {last} ORDER BY i
"""
EVENT_COLUMNS = ["week", "endpoint_key", "id", "app", "type", "at", "received_at", "attributes", "metrics"]

QUESTIONS = {
    "S1 count": "SELECT count(*) FROM endpoints WHERE {s1}",
    "S1 ids": "SELECT endpoint_key FROM endpoints WHERE {s1}",
    "S2 count": "SELECT count(*) FROM endpoints e WHERE {s2}",
    "S2 ids": "SELECT endpoint_key FROM endpoints e WHERE {s2}",
    "S3 count": "SELECT count(*) FROM endpoints e WHERE {s3}",
}
CONDITIONS = {
    "s1": "country = 'JP' AND age BETWEEN 30 AND 39 AND list_contains(interests, 'cats')",
    "s2": """endpoint_key IN (SELECT endpoint_key FROM events WHERE occurred_at >= epoch_ms({from7}))
             AND endpoint_key NOT IN (SELECT endpoint_key FROM events WHERE type = 'purchase' AND occurred_at >= epoch_ms({from30}))""",
    "s3": """plan = 'pro' AND endpoint_key IN (SELECT endpoint_key FROM events WHERE type = 'product.view'
             AND occurred_at >= epoch_ms({from14}) GROUP BY endpoint_key HAVING count(*) >= 2)""",
}


class Peer:
    def __init__(self, file: str, threads: int) -> None:
        # A file, as its users have: tables in memory would not be compressed, and are slower.
        self.database = duckdb.connect(file)
        self.database.execute(f"SET threads = {threads}; SET TimeZone = 'UTC'")
        self.database.execute(MACROS)

    def make(self, endpoints: str, events: str, app: str, epoch: str) -> dict:
        self.sizes = {"endpoints": int(endpoints), "events": int(events)}
        self.app, self.epoch = app, int(epoch)
        quiet = " OR ".join(
            f"drawn_age BETWEEN {days * 86_400_000 - QUIET_HOURS * 3_600_000} AND {days * 86_400_000}" for days in WINDOWS
        )
        names = self.sizes | {
            "app": app, "epoch": self.epoch, "days": DAYS, "quiet": quiet, "quiet_ms": QUIET_HOURS * 3_600_000,
        }
        self.database.execute(ENDPOINTS.format(**names))
        self.database.execute(EVENTS.format(**names))
        self.database.execute("CHECKPOINT")
        return {}

    def load(self, url: str) -> dict:
        return asyncio.run(self._load(url))

    async def _load(self, url: str) -> dict:
        connection = await asyncpg.connect(url)
        weeks = self.database.execute("SELECT DISTINCT date_trunc('week', occurred_at)::DATE FROM events ORDER BY 1").fetchall()
        for (week,) in weeks:
            name = f"events_{week:%Y%m%d}"
            if await connection.fetchval("SELECT to_regclass($1)", name) is None:
                await connection.execute(
                    f"CREATE TABLE {name} (LIKE events INCLUDING ALL);"
                    f"ALTER TABLE events ATTACH PARTITION {name} FOR VALUES IN ('{week}')"
                )
        await self._copy(connection, "endpoints", TO_ENDPOINTS, ENDPOINT_COLUMNS, 100_000)
        await self._copy(connection, "events", TO_EVENTS, EVENT_COLUMNS, 500_000)
        await connection.execute(
            "INSERT INTO users (app, user_id, attributes, modified_at)"
            " SELECT app, user_id, user_attributes, created_at FROM endpoints WHERE app = $1",
            uuid.UUID(self.app),
        )
        await connection.execute("VACUUM (ANALYZE) endpoints")
        await connection.execute("VACUUM (ANALYZE) events")
        await connection.execute("VACUUM (ANALYZE) users")
        await connection.close()
        return {}

    async def _copy(self, connection, table: str, query: str, columns: list[str], step: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "rows.csv"
            for first in range(0, self.sizes[table], step):
                rows = query.format(app=self.app, epoch=self.epoch, first=first, last=first + step)
                self.database.execute(f"COPY ({rows}) TO '{file}' (FORMAT csv, HEADER false)")
                await connection.copy_to_table(table, source=str(file), columns=columns, format="csv")

    def ask(self, name: str, times: str) -> dict:
        windows = {f"from{days}": (self.epoch - days * 86_400) * 1000 for days in WINDOWS}
        conditions = {key: text.format(**windows) for key, text in CONDITIONS.items()}
        question = QUESTIONS[name].format(**conditions)
        milliseconds, answer, processor = [], 0, time.process_time()
        for _ in range(int(times)):
            begun = time.perf_counter()
            if name.endswith("ids"):
                answer = len(self.database.execute(question).fetchnumpy()["endpoint_key"])
            else:
                answer = self.database.execute(question).fetchone()[0]
            milliseconds.append((time.perf_counter() - begun) * 1000)
        return {"answer": answer, "ms": milliseconds, "cpu": (time.process_time() - processor) / int(times)}


def main() -> None:
    peer = Peer(sys.argv[1], int(sys.argv[2]))
    commands = {"make": peer.make, "load": peer.load, "ask": peer.ask}
    for line in sys.stdin:
        name, *arguments = line.rstrip("\n").split("\t")
        with contextlib.redirect_stdout(sys.stderr):
            answer = commands[name](*arguments)
        print(json.dumps(answer), flush=True)


main()
