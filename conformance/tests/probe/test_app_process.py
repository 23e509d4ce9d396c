"""The app as a process: how it starts and how it ends."""

import asyncio
import errno
import resource
import signal
import socket
import subprocess
import sys

import pytest

from conformance.errors import ProbeError
from conformance.model.traffic import HttpRequest, TrafficPlan
from conformance.probe import app
from conformance.probe.ledger import Ledger
from conformance.probe.operations import AppSettings
from conformance.probe.prober import Prober
from conformance.tests.doubles.probe_apps import ProbeApps
from conformance.tests.doubles.traffic import a_call


def test_app_ends_at_once_on_sigterm_and_takes_its_socket_along():
    """A pod that is deleted leaves nothing that looks alive, whatever connections it has."""
    with ProbeApps() as apps:
        apps.start("here/alone")
        apps.stream("here/alone").ask(op="ping")
        process = apps.processes["here/alone"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == 0
        assert not (apps.directory / "s0").exists()


def test_app_says_which_port_is_taken():
    """The address, the port and what to do stand in its last words."""
    with ProbeApps() as apps:
        address = apps.start("here/first")
        second = apps.launch("here/second", address, "--http=8080")
        _, said = second.communicate(timeout=10)
        assert second.returncode == 3
        assert "here/second cannot serve port 8080" in said
        assert address in said


_TIDYING_UP = """
import asyncio, gc, os, socket
from conformance.probe import app

async def serve_and_connect():
    settings = app.read_settings([], os.environ)
    serving = asyncio.create_task(app._serve(settings))
    await asyncio.sleep(0.2)
    gc.collect()
    socket.socket(socket.AF_UNIX).connect(settings.socket)
    print("taken", flush=True)
    os._exit(0)

app._run(serve_and_connect())
"""


def test_app_takes_its_channel_after_memory_was_tidied_up(tmp_path):
    """On Kubernetes a pod serves calls, and tidies up after them, before anybody asks it for its receipts."""
    environment = {"SMI_WORKLOAD": "here/x", "SMI_BIND": "127.0.0.1", "SMI_SOCKET": str(tmp_path / "s")}
    done = subprocess.run(
        [sys.executable, "-c", _TIDYING_UP],
        env=environment,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.stdout == "taken\n", done.stderr


def families_served(port):
    """Serve a port on all addresses, and say of which families they are."""
    settings = AppSettings(workload="here/x", bind="0.0.0.0", socket="", hosts=None, http=(port,), tcp=())

    async def serve():
        servers = await app._serve_ports(settings, Ledger("here/x"))
        families = {one.family for server in servers for one in server.sockets}
        for server in servers:
            server.close()
        return families

    return asyncio.run(serve())


@pytest.fixture
def free_port():
    """Find a port that is free on IPv4 and IPv6."""
    with socket.create_server(("", 0)) as found:
        return found.getsockname()[1]


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_app_serves_both_families(free_port):
    """Where pods have IPv6 addresses only, an app that listens on IPv4 is alive and nobody reaches it."""
    assert families_served(free_port) == {socket.AF_INET, socket.AF_INET6}


@pytest.mark.parametrize("number", [errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, None])
def test_app_does_without_ipv6(free_port, monkeypatch, number):
    """Many machines have switched it off, which event loops tell in different ways."""
    create = asyncio.BaseEventLoop.create_server

    async def without_ipv6(loop, factory, host, port, **options):
        if host == "::":
            raise OSError(number, "no such address")
        return await create(loop, factory, host, port, **options)

    monkeypatch.setattr(asyncio.BaseEventLoop, "create_server", without_ipv6)
    assert families_served(free_port) == {socket.AF_INET}


def test_app_that_cannot_open_its_channel_says_where():
    """A path that is too long for a socket, or leads nowhere, is named."""
    with ProbeApps() as apps:
        path = str(apps.directory / "nowhere" / ("s" * 120))
        process = subprocess.run(
            [sys.executable, "-m", "conformance.probe.app"],
            env={"SMI_WORKLOAD": "here/x", "SMI_BIND": "127.0.0.1", "SMI_SOCKET": path},
            capture_output=True,
            text=True,
            check=False,
        )
    assert process.returncode == 3
    assert path in process.stderr
    assert "Traceback" not in process.stderr


def test_machine_that_runs_out_of_sockets_is_an_error_and_no_ending():
    """A call that could not be sent must not read as one that a mesh refused."""
    with ProbeApps() as apps, Prober(apps.open) as prober:
        apps.start("here/poor")
        pid = apps.processes["here/poor"].pid
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (40, 40))
        slow = HttpRequest(headers=(("x-smi-delay-ms", "300"),))
        calls = tuple(a_call("poor", request=slow) for _ in range(60))
        with pytest.raises(ProbeError, match="could not be sent"):
            prober.send({"here/poor": TrafficPlan(calls=calls, connections=60)}, [])
        with pytest.raises(ProbeError, match="could not be sent"):
            prober.shares(
                "here/poor",
                host="poor",
                port=8080,
                request=slow,
                calls=60,
                connections=60,
                receivers=[],
            )


def test_app_without_its_environment_says_which_variable_is_missing():
    """It ends with 4, as for every mistake of the person who starts it."""
    process = subprocess.run(
        [sys.executable, "-m", "conformance.probe.app"], env={}, capture_output=True, text=True, check=False
    )
    assert process.returncode == 4
    assert "SMI_WORKLOAD" in process.stderr


def test_app_imports_nothing_heavy():
    """Some fifteen of them start at once on two cores, so half a second each would be felt."""
    heavy = {"aiohttp", "jsonschema", "kubernetes", "pydantic", "pytest", "requests", "rich", "scipy", "yaml"}
    code = f"import sys, conformance.probe.app; print(sorted({heavy} & sys.modules.keys()))"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "[]"


def test_app_runs_without_uvloop():
    """It is faster with it, but all it needs is asyncio."""
    code = (
        "import sys; sys.modules['uvloop'] = None\n"
        "from conformance.probe.app import _loop_factory; assert _loop_factory() is None"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
