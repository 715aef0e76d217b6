"""Moves jobs that do nothing through pgqueuer, in batches of 100, and prints the seconds it took.

usage: pgqueuer_drain.py URL JOBS
"""

import asyncio
import logging
import sys
import time

import asyncpg
import uvloop
from pgqueuer.db import AsyncpgDriver
from pgqueuer.qm import QueueManager
from pgqueuer.types import QueueExecutionMode

BATCH = 100


async def main(url: str, jobs: int) -> None:
    logging.disable(logging.WARNING)
    connection = await asyncpg.connect(url)
    manager = QueueManager(AsyncpgDriver(connection))
    await manager.queries.install()
    for start in range(0, jobs, 5000):
        count = min(5000, jobs - start)
        await manager.queries.enqueue(["bench"] * count, [b"x" * 130] * count, [0] * count)

    done = 0

    @manager.entrypoint("bench")
    async def bench(_job) -> None:
        nonlocal done
        done += 1

    begun = time.perf_counter()
    await manager.run(batch_size=BATCH, mode=QueueExecutionMode.drain)
    elapsed = time.perf_counter() - begun
    assert done == jobs, f"{done} of {jobs} jobs ran"
    print(elapsed)


uvloop.run(main(sys.argv[1], int(sys.argv[2])))
