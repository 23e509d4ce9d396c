"""No process and no folder outlives a run, however the run ends."""

import os
import platform
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.cluster.embedded import LocalCluster, sweep_leftovers
from conformance.cluster.embedded.leftovers import make_run_directory, start_time
from conformance.errors import EnvironmentBrokenError, UsageError
from conformance.tests.doubles.objects import STAND_IN_APP, a_namespace

PROJECT = Path(__file__).parents[3]
RUN = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has its background jobs ignore Ctrl-C
from datetime import timedelta
from pathlib import Path
from conformance.cluster.embedded import LocalCluster
from conformance.tests.doubles.objects import STAND_IN_APP, a_deployment, a_namespace
with LocalCluster("victim", Path(sys.argv[1]), app_module=STAND_IN_APP) as cluster:
    cluster.apply([a_namespace(), a_deployment(replicas=2)])
    cluster.await_ready(["here/shop"], timedelta(seconds=20))
    print("ready", flush=True)
    sys.stdin.readline()
    {then}
"""
# Not one long sleep: Python notices a signal that comes just before a sleep begins only when it has ended.
RUNNING = "while True: time.sleep(0.01)"
ENOUGH_MS = 20_000


class Victim:
    """A run in a process of its own, with two pods that are ready."""

    def __init__(self, runs: Path, then: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN.replace("{then}", then), str(runs)],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n", self.process.communicate()[1]
        (self.directory,) = runs.glob("victim-*")
        lines = [line.split() for line in (self.directory / "processes").read_text().splitlines()]
        self.recorded = {int(pid): os.pidfd_open(int(pid)) for pid, *_ in lines}
        self.process.stdin.write("go on\n")
        self.process.stdin.flush()

    def has_ended(self, pid: int) -> bool:
        """Wait for the end of one recorded process."""
        ended = select.poll()
        ended.register(self.recorded[pid], select.POLLIN)
        return bool(ended.poll(ENOUGH_MS))


@pytest.fixture
def a_victim(runs):
    made: list[Victim] = []

    def make(then: str = RUNNING) -> Victim:
        made.append(Victim(runs, then))
        return made[-1]

    yield make
    for victim in made:
        victim.process.kill()
        victim.process.communicate()
        for handle in victim.recorded.values():
            os.close(handle)


def test_run_records_every_process(a_victim):
    """The nursery and one process per pod are written down."""
    assert len(a_victim().recorded) == 3


def test_killed_run_takes_its_processes_along(a_victim):
    """After kill -9 the nursery hears that nobody is there any more, and ends its pods and itself."""
    victim = a_victim()
    victim.process.kill()
    assert all(victim.has_ended(pid) for pid in victim.recorded)


def test_pods_end_with_a_nursery_that_is_killed(a_victim):
    """The kernel ends the pods when what started them has no time to; the run itself goes on."""
    victim = a_victim()
    nursery, *pods = victim.recorded
    os.kill(nursery, signal.SIGKILL)
    assert all(victim.has_ended(pid) for pid in pods)
    assert victim.process.poll() is None


@pytest.mark.parametrize(
    ("then", "stop", "last_words"),
    [
        (RUNNING, lambda victim: victim.process.send_signal(signal.SIGINT), "KeyboardInterrupt"),
        ("raise ValueError('a mistake')", lambda _: None, "ValueError: a mistake"),
        ("pass", lambda _: None, ""),
        ("sys.exit()", lambda _: None, ""),
    ],
    ids=["Ctrl-C", "exception", "end", "exit"],
)
def test_run_that_ends_in_order_leaves_nothing(
    a_victim, runs, then: str, stop: Callable[[Victim], None], last_words
):
    """Processes are gone before the run is, and its folder with them."""
    victim = a_victim(then)
    stop(victim)
    _, errors = victim.process.communicate(timeout=ENOUGH_MS / 1000)
    assert errors.strip().endswith(last_words)
    assert all(victim.has_ended(pid) for pid in victim.recorded)
    assert list(runs.glob("victim-*")) == []


def test_sweep_removes_the_folder_of_a_killed_run(a_victim, runs):
    """What a killed run could not remove, the next one does, and says so."""
    victim = a_victim()
    victim.process.kill()
    victim.process.wait()
    said = sweep_leftovers(runs)
    assert said[-1] == f"removed the folder of a run that is gone: {victim.directory}"
    assert not victim.directory.exists()
    assert all(victim.has_ended(pid) for pid in victim.recorded)
    assert sweep_leftovers(runs) == []


def test_sweep_leaves_a_living_run_alone(a_victim, runs):
    """A run that holds its lock is nobody's leftover."""
    victim = a_victim()
    assert sweep_leftovers(runs) == []
    assert victim.directory.exists()
    assert victim.process.poll() is None


def test_opening_a_cluster_sweeps(runs):
    """Nobody has to think of cleaning up."""
    left = runs / "gone-1"
    left.mkdir()
    (left / "lock").touch()
    with LocalCluster("next", runs, app_module=STAND_IN_APP):
        assert not left.exists()


@pytest.fixture
def a_sleeper():
    with subprocess.Popen(["sleep", "99"]) as process:
        yield process
        process.kill()


def a_run_that_is_gone(runs: Path, line: str) -> None:
    left = runs / "gone-1"
    left.mkdir()
    (left / "lock").touch()
    (left / "processes").write_text(line)


def test_sweep_ends_a_recorded_process(runs, a_sleeper):
    """A process that a killed run left behind is ended and named."""
    a_run_that_is_gone(runs, f"{a_sleeper.pid} {start_time(a_sleeper.pid)} Pod here/shop-1 probe\n")
    said = sweep_leftovers(runs)
    assert said[0] == f"ended Pod here/shop-1 probe (pid {a_sleeper.pid}), left behind by a run that is gone"
    assert a_sleeper.wait() == -signal.SIGKILL


def test_sweep_spares_a_process_that_only_has_the_same_pid(runs, a_sleeper):
    """Pids are used again; without the start time the sweep would kill a stranger."""
    a_run_that_is_gone(runs, f"{a_sleeper.pid} {int(start_time(a_sleeper.pid)) - 1} Pod here/shop-1 probe\n")
    assert [said for said in sweep_leftovers(runs) if said.startswith("ended")] == []
    assert a_sleeper.poll() is None


def test_close_can_be_called_twice(runs):
    """Whoever closes to be safe does no harm."""
    cluster = LocalCluster("twice", runs, app_module=STAND_IN_APP)
    cluster.apply([a_namespace()])
    cluster.close()
    cluster.close()
    assert list(runs.glob("twice-*")) == []


def test_folder_with_a_long_path_is_refused(runs):
    """Else sockets could not be bound, with a message that names no folder."""
    with pytest.raises(UsageError, match="get paths that the kernel does not take"):
        make_run_directory("run", runs / ("x" * 70))


def test_other_systems_are_told_of_kind(monkeypatch):
    """The embedded cluster needs Linux; the message says what to use elsewhere."""
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(EnvironmentBrokenError) as refused:
        LocalCluster("mac")
    assert "--smi-cluster=kind" in refused.value.hint


def test_time_of_a_process_that_is_gone_is_empty():
    """A pid that nobody has matches no record."""
    child = subprocess.Popen(["true"])
    child.wait()
    assert start_time(child.pid) == ""
    assert float(start_time(os.getpid())) <= time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf(
        "SC_CLK_TCK"
    )
