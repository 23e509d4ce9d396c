"""One process of a pod: started, asked whether it is ready, and started again when it ends."""

import contextlib
import json
import re
import signal
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from conformance.cluster.embedded.processes import Processes, Program

_FIRST_PAUSE = timedelta(seconds=0.2)
_LONGEST_PAUSE = timedelta(seconds=10)
"""Back-off between restarts doubles from the first pause to the longest. A guess: Kubernetes' 10 s to 5 min
would make a run that has to fail take long to say so."""
_PING_TIMEOUT = 1.0
"""How long the app may take to answer a ping once it has taken the connection. Unit: s."""
_QUOTED_LOG = 2000
"""How much of a log's end is quoted in messages. Unit: bytes."""
_SEARCHED_LOG = 50_000
"""How much of it is searched for the reason of an end. Unit: bytes."""
_CRITICAL = re.compile(r"^\[.*\[critical\](?!\[backtrace\]).*$", re.MULTILINE)
"""What Envoy writes before it gives up; the trace of addresses behind it says nothing to a reader."""
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)


@dataclass(slots=True, kw_only=True)
class Container:
    """A process of a pod. Used by the pod's thread only, apart from the callbacks it hands to the nursery."""

    name: str
    """``probe``, or ``sidecar``."""
    program: Program
    asks_ready: Callable[[], bool]
    running: bool = False
    ready: bool = False
    pid: int = 0
    restarts: int = 0
    reason: str = "has not started yet"
    """Why it is not ready."""
    _pause: timedelta = field(default=_FIRST_PAUSE)
    _start_at: float = 0.0
    _killed: bool = False

    def start(self, processes: Processes, ended: Callable[[int | None], None]) -> None:
        """Start the process; *ended* is called from another thread when it has ended."""
        self.running, self.pid, self.reason = True, 0, "runs, but is not ready yet"
        processes.start(self.program, self._started, ended)

    @property
    def is_due(self) -> bool:
        """Whether it is to be started now."""
        return not self.running and time.monotonic() >= self._start_at

    @property
    def due_in(self) -> float:
        """How long until it is to be started. Unit: s."""
        return max(0.0, self._start_at - time.monotonic())

    def ask(self) -> None:
        """Ask a process that runs and was not ready whether it is ready by now."""
        if self.running and not self.ready and self.asks_ready():
            self.ready, self.reason = True, ""

    def note_end(self, code: int | None) -> None:
        """Remember that the process ended, and when to start it again."""
        self.running = self.ready = False
        self.restarts += 1
        self.reason = f"{_ending(code)}; {last_words(self.program.log)}"
        self._start_at = time.monotonic() + self._pause.total_seconds()
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def _started(self, pid: int) -> None:
        self.pid = pid


def answers_ping(path: Path) -> bool:
    """Say whether the probe app behind the socket at *path* answers."""
    with contextlib.suppress(OSError, ValueError), socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(_PING_TIMEOUT)
        channel.connect(str(path))
        channel.sendall(b'{"op": "ping"}\n')
        with channel.makefile("rb") as lines:
            return isinstance(json.loads(lines.readline()), Mapping)
    return False


def last_words(path: Path) -> str:
    """Quote why a process ended: what Envoy calls critical, before its long trace; else the end of its log."""
    found = _CRITICAL.findall(log_end(path, _SEARCHED_LOG))
    return f"it said: {found[-1]}" if found else f"its log ends:\n{log_end(path)}"


def log_end(path: Path, size: int = _QUOTED_LOG) -> str:
    """Read the last *size* bytes of a log, without private keys; say so where there is none."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - size))
            text = log.read().decode(errors="replace").strip()
    except FileNotFoundError:
        text = ""
    return _PRIVATE_KEY.sub("(a private key stood here)", text) or "(it wrote nothing)"


def _ending(code: int | None) -> str:
    if code is None:
        return "ended together with the process that starts all pods"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
