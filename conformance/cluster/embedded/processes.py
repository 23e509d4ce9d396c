"""The suite's end of the nursery: starts processes there and hears when they end."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import conformance

_ENDING_TIME = 5.0
"""How long the nursery may take to kill its children and end. Unit: s. A guess; it needs milliseconds."""
_PROJECT = Path(conformance.__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to start."""

    name: str
    """For people, such as ``here/shop-1 app``."""
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    """On top of the suite's own."""
    log: Path
    """Where its output is appended."""
    module: str = ""
    """A Python module to run as main instead of the program ``argv[0]``."""


class Processes:
    """Starts processes in the nursery. Safe to use from several threads."""

    def __init__(self, record: Path, app_module: str, log: Path) -> None:
        """Start the nursery.

        Args:
            record: File in which the nursery writes down what it starts.
            app_module: The module that it imports beforehand.
            log: Where the nursery's own words go.
        """
        ours, theirs = socket.socketpair()
        path = os.pathsep.join(filter(None, (str(_PROJECT), os.environ.get("PYTHONPATH"))))
        with log.open("ab") as output, theirs:
            self._nursery = subprocess.Popen(
                [sys.executable, "-P", "-m", "conformance.cluster.embedded.nursery", str(record), app_module],
                stdin=theirs.fileno(),
                stdout=output,
                stderr=output,
                env={**os.environ, "PYTHONPATH": path},
                start_new_session=True,  # Ctrl-C is for the suite, which ends the rest in order
            )
        self._socket = ours
        self._lock = threading.Lock()
        self._asked = 0
        self._starting: dict[int, tuple[Callable[[int], None], Callable[[int | None], None]]] = {}
        self._running: dict[int, Callable[[int | None], None]] = {}
        self._reader = threading.Thread(target=self._listen, name="nursery", daemon=True)
        self._reader.start()

    def start(
        self, program: Program, started: Callable[[int], None], ended: Callable[[int | None], None]
    ) -> None:
        """Start a program.

        Args:
            program: What to start.
            started: Called once with the pid.
            ended: Called once when it has ended, with its exit code (negative: a signal's number), or with
                None when the nursery is gone, and all processes with it. Both are called from another thread.
        """
        with self._lock:
            self._asked += 1
            number = self._asked
            self._starting[number] = (started, ended)
        message = {
            "start": number,
            "name": program.name,
            "module": program.module,
            "argv": program.argv,
            "environment": dict(program.environment),
            "log": str(program.log),
        }
        if not self._send(message):
            with self._lock:
                self._starting.pop(number, None)
            ended(None)

    def kill(self, pid: int) -> None:
        """Kill a process that `start` started; nothing happens if it has ended."""
        self._send({"kill": pid, "signal": signal.SIGKILL})

    def close(self) -> None:
        """End everything that was started, and wait until it is gone."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        try:
            self._nursery.wait(_ENDING_TIME)
        except subprocess.TimeoutExpired:
            self._nursery.kill()  # the kernel kills its children then
            self._nursery.wait()
        self._reader.join(_ENDING_TIME)
        self._socket.close()

    def _send(self, message: Mapping[str, Any]) -> bool:
        data = json.dumps(message).encode() + b"\n"
        try:
            with self._lock:
                self._socket.sendall(data)
        except OSError:
            return False
        return True

    def _listen(self) -> None:
        with self._socket.makefile("rb") as lines:
            try:
                for line in lines:
                    self._hear(json.loads(line))
            except (OSError, ValueError):
                pass  # the nursery is gone, perhaps in the middle of a line
        self._all_gone()

    def _hear(self, message: Mapping[str, Any]) -> None:
        with self._lock:
            if "started" in message:
                call, ended = self._starting.pop(message["started"])
                self._running[message["pid"]] = ended
                argument = message["pid"]
            else:
                call, argument = self._running.pop(message["exited"]), message["code"]
        call(argument)

    def _all_gone(self) -> None:
        with self._lock:
            lost = [*self._running.values(), *(ended for _, ended in self._starting.values())]
            self._running.clear()
            self._starting.clear()
        for ended in lost:
            ended(None)
