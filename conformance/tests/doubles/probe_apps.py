"""Probe apps as real processes on loopback addresses, and servers beside them that break every promise."""

import asyncio
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Self

HTTP_PORT = 8080
TCP_PORT = 8300
_PATIENCE = 10.0
"""Longest wait for an app to start. Unit: seconds."""

_numbers = count(1)


def fresh_address() -> str:
    """Give an address in 127.78.0.0/16 that no other test of this process has."""
    return f"127.78.{os.getpid() % 250}.{next(_numbers) % 250 + 1}"


class SocketStream:
    """JSON lines over a Unix socket."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._file = self._socket.makefile("rb")

    def write(self, message: Mapping[str, Any]) -> None:
        """Send one object."""
        self.write_line(json.dumps(message).encode())

    def write_line(self, line: bytes) -> None:
        """Send one line as it stands."""
        self._socket.sendall(line + b"\n")

    def read(self, timeout: timedelta) -> Mapping[str, Any]:
        """Wait for one object."""
        self._socket.settimeout(timeout.total_seconds())
        reply: Mapping[str, Any] = json.loads(self._file.readline())
        return reply

    def has_reply(self) -> bool:
        """Say whether something has come that was not read."""
        readable, _, _ = select.select([self._socket], [], [], 0)
        return bool(readable)

    def ask(self, **message: Any) -> Mapping[str, Any]:
        """Send one object and wait for the reply."""
        self.write(message)
        return self.read(timedelta(seconds=10))

    def close(self) -> None:
        """Close the socket."""
        self._file.close()
        self._socket.close()


class Wire(asyncio.Transport):
    """A connection's transport that remembers what was written and whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Remember."""
        self.written.append(bytes(data))

    def close(self) -> None:
        """Remember."""
        self.is_closed = True


class ProbeApps:
    """Apps that share one hosts file, in a directory with a short path."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.directory = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="p", dir="/tmp")))
        self._hosts: dict[str, list[tuple[str, int]]] = {}
        self.lead({})
        self._sockets: dict[str, Path] = {}
        self.processes: dict[str, subprocess.Popen[str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def lead(self, names: Mapping[str, list[tuple[str, int]]]) -> None:
        """Add names (``host:port``) to the hosts file, replacing it in one piece."""
        self._hosts |= names
        new = self.directory / "hosts.new"
        new.write_text(json.dumps(self._hosts))
        new.replace(self.directory / "hosts.json")

    def places(self, name: str) -> list[tuple[str, int]]:
        """Say where a name leads now."""
        return self._hosts[name]

    def start(self, workload: str, *arguments: str) -> str:
        """Start an app and wait until its channel is there; its ports are led to under its bare name."""
        address = fresh_address()
        self._sockets[workload] = self.directory / f"s{len(self._sockets)}"
        ports = arguments or (f"--http={HTTP_PORT}", f"--tcp={TCP_PORT}")
        self.processes[workload] = process = self.launch(workload, address, *ports)
        self._stack.callback(_end, process)
        _await(lambda: self._sockets[workload].exists() or process.poll() is not None)
        assert process.poll() is None, f"{workload} ended with {process.returncode}"
        name = workload.partition("/")[2]
        self.lead({f"{name}:{port}": [(address, port)] for port in (HTTP_PORT, TCP_PORT)})
        return address

    def launch(self, workload: str, address: str, *arguments: str) -> "subprocess.Popen[str]":
        """Start an app's process, and do not wait."""
        environment = {
            "SMI_WORKLOAD": workload,
            "SMI_BIND": address,
            "SMI_SOCKET": str(self._sockets.get(workload, self.directory / "other")),
            "SMI_HOSTS": str(self.directory / "hosts.json"),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "conformance.probe.app", *arguments],
            env={**os.environ, **environment},
            stderr=subprocess.PIPE,
            text=True,
        )

    def open(self, workload: str) -> SocketStream:
        """Open a channel; the caller closes it."""
        return SocketStream(self._sockets[workload])

    def stream(self, workload: str) -> SocketStream:
        """Open a channel that is closed with the apps."""
        stream = self.open(workload)
        self._stack.callback(stream.close)
        return stream

    def serve(self, name: str, behaviour: Callable[[socket.socket], None]) -> "OddServer":
        """Serve HTTP_PORT and TCP_PORT of *name* with a server that does *behaviour* to each connection."""
        server = OddServer(behaviour)
        self._stack.callback(server.close)
        self.lead({f"{name}:{port}": [server.place] for port in (HTTP_PORT, TCP_PORT)})
        return server


class OddServer:
    """Does one thing to every connection it takes, one after the other, in a thread of its own."""

    def __init__(self, behaviour: Callable[[socket.socket], None]) -> None:
        self._behaviour = behaviour
        self._listener = socket.create_server((fresh_address(), 0))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        self.taken = 0
        """How many connections it has taken."""

    @property
    def place(self) -> tuple[str, int]:
        """Address and port."""
        address, port = self._listener.getsockname()
        return str(address), int(port)

    def close(self) -> None:
        """Take no more connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                taken, _ = self._listener.accept()
                self.taken += 1
                with taken, suppress(OSError):
                    taken.settimeout(_PATIENCE)
                    self._behaviour(taken)


def reset(taken: socket.socket) -> None:
    """Cut the connection, so that the peer hears of a reset."""
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def _await(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not is_true():
        if time.monotonic() > deadline:
            raise TimeoutError("the probe app did not open its channel")
        time.sleep(0.005)


def _end(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    process.communicate(timeout=_PATIENCE)
