"""A suite of its own, started and kept running by the product's `needletail up`, in a folder that is gone afterwards."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

SERVICES = [
    "ingest-api", "segment-service", "campaign-scheduler", "delivery-email", "delivery-sms", "delivery-push", "delivery-voice",
    "delivery-custom", "inbound-reply", "analytics-aggregator",
]
VICTIMS = ["delivery-email", "campaign-scheduler"]

# Started by the supervisor in the victim's place. `exec` keeps the process id, so the supervisor, its pid file and the driver
# all speak of the same process. Whoever takes the plan says so by its name.
STARTER = """#!/bin/sh
if [ -s '{plan}' ]; then
    NEEDLETAIL_FAILPOINT=$(cat '{plan}')
    export NEEDLETAIL_FAILPOINT
    mv '{plan}' '{plan}'.taken.$$
fi
exec '{program}'
"""

# In the place of a service that is killed faster than the supervisor, which backs off, would start it again. The supervisor
# speaks to this shell, the driver to the process whose id it writes down.
RESPAWNER = """#!/bin/sh
trap 'stopping=1; kill -TERM $child' TERM
while [ -z "$stopping" ]; do
    '{program}' &
    child=$!
    echo $child > '{pid}.new'
    mv '{pid}.new' '{pid}'
    wait $child
done
wait $child
"""


class Process:
    """A process as the supervisor recorded it; the start time tells it from a later one with the same id."""

    def __init__(self, pid, ticks):
        self.pid, self.ticks = pid, ticks

    @staticmethod
    def fields(pid):
        """Of /proc/<pid>/stat, behind the name, which may hold anything; None when there is no such process."""
        try:
            return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None

    def runs(self, program):
        """Whether it has become the program yet; it starts as a shell."""
        try:
            return os.path.basename(os.readlink(f"/proc/{self.pid}/exe")) == program
        except OSError:
            return False

    @property
    def is_alive(self):
        fields = self.fields(self.pid)
        return fields is not None and fields[0] not in "ZX" and int(fields[19]) == self.ticks

    def kill(self, number=signal.SIGKILL):
        """False when it was gone already."""
        if not self.is_alive:
            return False
        os.kill(self.pid, number)
        while self.is_alive:
            time.sleep(0.001)
        return True


class Suite:
    def __init__(self, folder, binaries, repository, settings, victims=VICTIMS, respawned=()):
        self.folder = pathlib.Path(folder)
        self.home = self.folder / "home"
        self.needletail = self.folder / "bin" / "needletail"
        self.plans = self.folder / "plans"
        self.port = free_port()
        self.victims, self.respawned = victims, respawned
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("NEEDLETAIL_", "AWS_"))}
        self.environment = kept | settings | {"NEEDLETAIL_HOME": str(self.home), "NEEDLETAIL_PORT": str(self.port)}
        self._install(pathlib.Path(binaries).resolve(), pathlib.Path(repository))

    def _install(self, binaries, repository):
        # The database's own user has to pass through.
        self.folder.chmod(0o711)
        self.plans.mkdir()
        (self.folder / "bin").mkdir()
        (self.folder / "ops").symlink_to(repository / "ops")
        shutil.copy2(binaries / "needletail", self.needletail)
        for name in SERVICES:
            place = self.needletail.parent / name
            if name in self.victims:
                place.write_text(STARTER.format(plan=self.plans / name, program=binaries / name))
                place.chmod(0o755)
            elif name in self.respawned:
                place.write_text(RESPAWNER.format(pid=self.plans / f"{name}.pid", program=binaries / name))
                place.chmod(0o755)
            else:
                place.symlink_to(binaries / name)

    # Starting and stopping

    def up(self):
        self._run("up")
        self.exports = {}
        for line in (self.home / "env").read_text().splitlines():
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").partition("=")
                self.exports[name] = value.strip("'")

    def down(self):
        self._run("down")

    def prove(self, campaign):
        """The exit status of `needletail prove`, and what it said."""
        environment = self.environment | {"NEEDLETAIL_DATABASE_URL": self.exports["NEEDLETAIL_DATABASE_URL"]}
        result = subprocess.run(
            [self.needletail, "prove", "--campaign", campaign], env=environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, timeout=300)
        return result.returncode, result.stdout

    def _run(self, command):
        result = subprocess.run(
            [self.needletail, command], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, text=True, timeout=180)
        if result.returncode:
            raise RuntimeError(f"needletail {command} ended with {result.returncode}:\n{result.stdout}")

    # Victims

    def process(self, name):
        """The process that was started last under this name, if it lives and can no longer take a plan."""
        try:
            if name in self.respawned:
                pid = int((self.plans / f"{name}.pid").read_text())
                ticks = Process.fields(pid)[19]
            else:
                pid, ticks = (self.home / "pids" / name).read_text().split()
        except (OSError, ValueError, TypeError):
            return None
        process = Process(int(pid), int(ticks))
        return process if process.is_alive and process.runs(name) else None

    def arm(self, name, plan):
        """The next process started under this name has this failpoint."""
        temporary = self.plans / f"{name}.new"
        temporary.write_text(plan)
        temporary.rename(self.plans / name)

    def takers(self, name):
        """Every process that ever started with a failpoint under this name, dead or alive."""
        pids = (int(path.suffix[1:]) for path in self.plans.glob(f"{name}.taken.*"))
        found = ((pid, Process.fields(pid)) for pid in pids)
        return {pid: Process(pid, int(fields[19]) if fields else -1) for pid, fields in found}

    def ends(self):
        """How many services ended so far, as their parent counts. A Postgres may end by itself: it does not start as long as a backend
        of the one that was killed holds its memory."""
        lines = (self.home / "logs" / "supervisor.log").read_text().splitlines()
        return sum('"event":"supervisor.ended"' in line and '"name":"postgres"' not in line for line in lines)

    def log_tail(self, name, lines=8):
        try:
            text = (self.home / "logs" / f"{name}.log").read_text(errors="replace")
        except OSError:
            return []
        return text.splitlines()[-lines:]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
