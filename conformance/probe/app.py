"""The app of every sample workload: ``python -m conformance.probe.app --http=8080 --tcp=8300``.

It serves the ports of its arguments on ``SMI_BIND``, and does what it is told over the Unix socket at
``SMI_SOCKET``. That socket appears when all ports are served. Many of these start at once, so nothing heavy
is imported here.
"""

import argparse
import asyncio
import errno
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path

from conformance.errors import ConformanceError, EnvironmentBrokenError, PortInUseError, UsageError
from conformance.probe.channel import ChannelServer
from conformance.probe.http_server import HttpEcho
from conformance.probe.ledger import Ledger
from conformance.probe.operations import AppSettings, Operations
from conformance.probe.resolver import resolver_for
from conformance.probe.tcp_server import TcpEcho

_BACKLOG = 1024
"""Connections that wait to be taken; a burst of fresh connections must not be refused by our own queue."""


_EVERY_IPV4, _EVERY_IPV6 = "0.0.0.0", "::"  # noqa: S104  a pod's own addresses


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM; the exit code is 0 then, or 3 and 4 as the command's."""
    try:
        settings = read_settings(arguments, os.environ)
        _run(_serve(settings))
        Path(settings.socket).unlink(missing_ok=True)
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return 4
    except ConformanceError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    return 0


def read_settings(arguments: Sequence[str] | None, environment: Mapping[str, str]) -> AppSettings:
    """Read ports from the arguments and the rest from the environment.

    Raises:
        UsageError: A variable is missing.
    """
    parser = argparse.ArgumentParser(prog="python -m conformance.probe.app")
    parser.add_argument("--http", type=int, action="append", default=[], help="a port that speaks HTTP")
    parser.add_argument("--tcp", type=int, action="append", default=[], help="a port that speaks TCP lines")
    ports = parser.parse_args(arguments)
    try:
        return AppSettings(
            workload=environment["SMI_WORKLOAD"],
            bind=environment["SMI_BIND"],
            socket=environment["SMI_SOCKET"],
            hosts=environment.get("SMI_HOSTS"),
            http=tuple(ports.http),
            tcp=tuple(ports.tcp),
        )
    except KeyError as error:
        raise UsageError(
            f"the variable {error} is not set", "the probe app's environment", "see docs/architecture.md"
        ) from error


def _run(main_task: Coroutine[None, None, None]) -> None:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main_task)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(settings: AppSettings) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    ledger = Ledger(settings.workload)
    # A server that nothing refers to is closed when memory is tidied up, and the first calls set that off.
    servers = await _serve_ports(settings, ledger)
    operations = Operations(settings, ledger, resolver_for(settings.hosts))
    servers.append(await _open_channel(settings, operations))
    await stopped.wait()


async def _serve_ports(settings: AppSettings, ledger: Ledger) -> list[asyncio.Server]:
    servers = []
    loop = asyncio.get_running_loop()
    kinds: tuple[tuple[type[HttpEcho | TcpEcho], tuple[int, ...]], ...] = (
        (HttpEcho, settings.http),
        (TcpEcho, settings.tcp),
    )
    for kind, ports in kinds:
        for port in ports:
            factory = partial(kind, settings.workload, port, ledger)
            try:
                servers.append(await loop.create_server(factory, settings.bind, port, backlog=_BACKLOG))
                if settings.bind == _EVERY_IPV4:
                    servers += await _on_ipv6(factory, port)
            except OSError as error:
                raise _unservable(settings, port, error) from error
    return servers


async def _on_ipv6(factory: Callable[[], HttpEcho | TcpEcho], port: int) -> list[asyncio.Server]:
    """Serve IPv6 as well, where there is any: in some clusters pods are called by no other address."""
    try:
        server = await asyncio.get_running_loop().create_server(factory, _EVERY_IPV6, port, backlog=_BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise
        return []  # event loops say in different words that there is none
    return [server]


async def _open_channel(settings: AppSettings, operations: Operations) -> asyncio.Server:
    factory = partial(ChannelServer, operations.carry_out)
    try:
        return await asyncio.get_running_loop().create_unix_server(factory, settings.socket)
    except OSError as error:
        raise EnvironmentBrokenError(
            f"{settings.workload} cannot open its channel: {error}",
            f"Unix socket {settings.socket}",
            "check that its directory is there and that the path is shorter than 108 bytes",
        ) from error


def _unservable(settings: AppSettings, port: int, error: OSError) -> EnvironmentBrokenError:
    kind = PortInUseError if error.errno == errno.EADDRINUSE else EnvironmentBrokenError
    return kind(
        f"{settings.workload} cannot serve port {port}: {error}",
        f"address {settings.bind}",
        "end the process that has the port, or give the pod another address",
    )


if __name__ == "__main__":
    sys.exit(main())
