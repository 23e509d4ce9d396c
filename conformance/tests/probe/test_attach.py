"""From a process's stdin and stdout to the app's channel, as an exec into a pod leads there."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress

import pytest

SHOP = "here/shop"
PATIENCE = 10


@pytest.fixture
def attach(apps):
    started = []

    def start(workload=SHOP, path=None):
        environment = {**os.environ, "SMI_SOCKET": str(path or apps._sockets[workload])}
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "conformance.probe.attach"],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            with suppress(BrokenPipeError):
                stream.close()


def _ask(process, **message):
    process.stdin.write(json.dumps(message).encode() + b"\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def test_request_and_reply_are_carried(attach):
    """One after the other, over one start of the process."""
    process = attach()
    assert [_ask(process, op="ping")["workload"] for _ in range(3)] == [SHOP] * 3


def test_long_request_and_long_reply_are_carried_whole(attach):
    """Longer than any buffer on the way."""
    ids = [f"{number}-{'x' * 900}" for number in range(1000)]
    calls = [[one, "nowhere", 8080, ["GET", "/", []]] for one in ids]
    reply = _ask(attach(), op="send", calls=calls, connections=4, keep_alive=True, timeout_ms=5000)
    assert [one[0] for one in reply["observations"]] == ids


def test_end_of_stdin_ends_it_well(attach):
    """The suite lets go of the stream, or is killed."""
    process = attach()
    _ask(process, op="ping")
    process.stdin.close()
    assert process.wait(PATIENCE) == 0


def test_app_that_is_not_there_is_told(attach, tmp_path):
    """On stderr, which travels beside the channel."""
    process = attach(path=tmp_path / "nobody")
    assert process.wait(PATIENCE) == 3
    assert b"does not take a connection" in process.stderr.read()


def test_app_that_ends_is_told(attach, apps):
    """Also when nothing is being asked."""
    apps.start("here/brief")
    process = attach("here/brief")
    _ask(process, op="ping")
    apps.processes["here/brief"].send_signal(signal.SIGKILL)
    assert process.wait(PATIENCE) == 3
    assert b"closed its channel" in process.stderr.read()


def test_variable_that_is_missing_is_told():
    """As the app itself does."""
    environment = {key: value for key, value in os.environ.items() if key != "SMI_SOCKET"}
    command = [sys.executable, "-m", "conformance.probe.attach"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (4, b"the variable SMI_SOCKET is not set\n")
