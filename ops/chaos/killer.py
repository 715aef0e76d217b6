"""Kills that are spread over a run by its progress, so that the run lasts through all of them however fast it is."""

import dataclasses
import signal
import time

# Between `fired` and the outcome: before the first byte of a window leaves, and after its last reply was read.
DELIVERY_FAILPOINTS = ["delivery.fired", "delivery.sent"]
# In the order in which a run passes them: each is inside, or right behind, one transaction of the scheduler's.
SCHEDULER_FAILPOINTS = ["scheduler.claimed", "scheduler.freezing", "scheduler.fanning_out", "scheduler.fanned_out"]
LAST_SCHEDULER_FAILPOINT = "scheduler.completing"
PATIENCE_SECONDS = 120


@dataclasses.dataclass
class Kill:
    # `name:abort@n`: the process kills itself there. Otherwise the driver does.
    failpoint: str | None = None
    # Messages at the sink from which on it is due.
    at: int = 0
    # Only after this life of the process has handed something over.
    at_work: bool = False
    # Seconds between being due and being done: no two kills hit the same moment.
    rest: float = 0.0


def plan(random, kills, messages, worker="delivery-email"):
    """The kills of one run, by victim. More than a tenth of them are failpoints of the delivery worker."""
    scheduler, postgres = kills * 3 // 10, kills // 5
    delivery = kills - scheduler - postgres
    by_failpoint = max(2, kills * 12 // 100)

    def spread(count, at_work):
        places = sorted(random.uniform(0.01, 0.90) * messages for _ in range(count))
        return [Kill(at=int(p), at_work=at_work and random.random() < 0.8, rest=random.uniform(0, 0.2)) for p in places]

    deliveries = spread(delivery - by_failpoint, at_work=True)
    for number in range(by_failpoint):
        name = DELIVERY_FAILPOINTS[number % len(DELIVERY_FAILPOINTS)]
        kill = Kill(failpoint=f"{name}:abort@{random.randint(1, 12)}")
        # Never first (the first life is there already) nor last (there must be windows left to die in).
        deliveries.insert(random.randint(1, max(1, len(deliveries) * 4 // 5)), kill)
    steps = SCHEDULER_FAILPOINTS if scheduler >= 10 else SCHEDULER_FAILPOINTS[::2]
    schedulers = [Kill(failpoint=f"{name}:abort@1") for name in steps]
    schedulers += spread(scheduler - len(schedulers) - 1, at_work=False)
    schedulers.append(Kill(failpoint=f"{LAST_SCHEDULER_FAILPOINT}:abort@1"))
    return {worker: deliveries, "campaign-scheduler": schedulers, "postgres": spread(postgres, at_work=False)}


class Victim:
    """One process and the kills that are still to come for it."""

    def __init__(self, suite, name, kills):
        self.suite, self.name, self.kills = suite, name, list(kills)
        self.done = []
        self.life = None
        # Processes whose failpoint was accounted for.
        self.takers = set(suite.takers(name))

    @property
    def by_failpoint(self):
        return sum(1 for kill in self.done if kill.failpoint)

    def prepare(self):
        """When the first kill is a failpoint, the process has to start anew with it."""
        if not self.kills or not self.kills[0].failpoint:
            return
        self.suite.arm(self.name, self.kills[0].failpoint)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (process := self.suite.process(self.name)):
            self._wait(deadline)
        process.kill()
        while not (self.suite.takers(self.name).keys() - self.takers):
            self._wait(deadline)

    def tick(self, received):
        if not self.kills:
            return
        kill, now = self.kills[0], time.monotonic()
        if self.life is None and not self._adopt(kill, received, now):
            return
        if kill.failpoint:
            if not self.life.is_alive:
                self._died()
            return
        if not self.life.is_alive:
            # Nobody asked for that; the supervisor's log is asked about it later.
            self.life = None
        elif self.due is None:
            if received >= kill.at and not (kill.at_work and received == self.received_before):
                self.due = now + kill.rest
        elif now >= self.due and self._kill():
            self._died()

    def _kill(self):
        """Postgres is asked to stop at once, as `pg_ctl -m immediate` does: it aborts what is under way and recovers at the start.
        Every fourth time its postmaster is killed, and its backends learn it on their own."""
        if self.name == "postgres" and len(self.done) % 4 != 3:
            return self.life.kill(signal.SIGQUIT)
        return self.life.kill()

    def _adopt(self, kill, received, now):
        if kill.failpoint:
            # It may be over already: a scheduler that finds the run finished completes it at once.
            takers = self.suite.takers(self.name)
            new = takers.keys() - self.takers
            life = takers[new.pop()] if new else None
            self.takers = set(takers)
        else:
            life = self.suite.process(self.name)
        if life is None:
            return False
        self.life, self.received_before, self.due = life, received, None
        if len(self.kills) > 1 and self.kills[1].failpoint:
            self.suite.arm(self.name, self.kills[1].failpoint)
        return True

    def _died(self):
        self.done.append(self.kills.pop(0))
        self.life = None

    def _wait(self, deadline):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{self.name} was not started again")
        time.sleep(0.02)
