"""The process that starts every process of an embedded cluster, and ends them all when the suite is gone.

It runs as ``python -m conformance.cluster.embedded.nursery RECORD APP_MODULE`` with a socket as its standard
input. It imports the probe app once and forks for each pod, which starts a world of pods in the time that
one fresh Python needs.

What it promises: when the other end of the socket closes, for whatever reason, its children are killed; and
when it is killed itself, the kernel kills them (PR_SET_PDEATHSIG). It has one thread, since that signal is
sent when the thread that forked ends. Whatever it starts is written to RECORD (``pid start-time name``),
where a later run finds leftovers.

Messages are JSON lines. To it: ``{"start": n, "name", "module", "argv", "environment", "log"}`` and
``{"kill": pid, "signal": n}``; from it: ``{"started": n, "pid"}`` and ``{"exited": pid, "code"}``, where a
negative code is a signal's.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import select
import signal
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from conformance.cluster.embedded.leftovers import start_time

_SUITE = 0
"""File descriptor of the socket to the suite."""
_PR_SET_PDEATHSIG = 1
_HIGHEST_FD = 4096
_LIBC = ctypes.CDLL(None)


class Nursery:
    """Starts and reaps processes as the suite asks."""

    def __init__(self, record: Path) -> None:
        self._record = record
        self._poll = select.poll()
        self._poll.register(_SUITE, select.POLLIN)
        self._pids: dict[int, int] = {}
        self._read = b""
        self._note(os.getpid(), "nursery")

    def run(self) -> None:
        """Serve until the suite is gone."""
        while True:
            for handle, _ in self._poll.poll():
                if handle != _SUITE:
                    self._reap(handle)
                elif not self._receive():
                    return

    def end_all(self) -> None:
        """Kill every child."""
        for handle in self._pids:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)

    def _receive(self) -> bool:
        try:
            data = os.read(_SUITE, 65536)
        except ConnectionError:
            return False
        *lines, self._read = (self._read + data).split(b"\n")
        for line in lines:
            self._obey(json.loads(line))
        return bool(data)

    def _obey(self, message: Mapping[str, Any]) -> None:
        if "start" in message:
            self._start(message)
        else:
            self._signal(message["kill"], message["signal"])

    def _start(self, message: Mapping[str, Any]) -> None:
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            _become(message, parent)
        self._note(pid, message["name"])
        handle = os.pidfd_open(pid)
        self._pids[handle] = pid
        self._poll.register(handle, select.POLLIN)
        _tell({"started": message["start"], "pid": pid})

    def _signal(self, pid: int, number: int) -> None:
        # A pid that was reaped may be somebody else's by now; a handle in our table never is.
        for handle in [handle for handle, known in self._pids.items() if known == pid]:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, number)

    def _reap(self, handle: int) -> None:
        self._poll.unregister(handle)
        os.close(handle)
        pid, status = os.waitpid(self._pids.pop(handle), 0)
        _tell({"exited": pid, "code": os.waitstatus_to_exitcode(status)})

    def _note(self, pid: int, name: str) -> None:
        with self._record.open("a", encoding="utf-8") as record:
            record.write(f"{pid} {start_time(pid)} {name}\n")


def _tell(message: Mapping[str, Any]) -> None:
    # When nobody listens any more, the next read says so.
    with contextlib.suppress(ConnectionError):
        data = json.dumps(message).encode() + b"\n"
        while data:
            data = data[os.write(_SUITE, data) :]


def _become(message: Mapping[str, Any], parent: int) -> NoReturn:
    code = 1
    try:
        _detach(Path(message["log"]), parent)
        code = _run_module(message) if message["module"] else _run_program(message)
    except BaseException:  # noqa: BLE001 - nothing may return into the nursery's own code
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def _detach(log: Path, parent: int) -> None:
    """Keep nothing of the nursery's: neither its socket, nor its life."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for handle, number in ((nothing, 0), (written, 1), (written, 2)):
        os.dup2(handle, number)
    os.closerange(3, _HIGHEST_FD)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _run_program(message: Mapping[str, Any]) -> NoReturn:
    argv = message["argv"]
    os.execvpe(argv[0], argv, {**os.environ, **message["environment"]})  # noqa: S606 - no shell is wanted


def _run_module(message: Mapping[str, Any]) -> int:
    """Run a module as ``python -m`` would, in this process."""
    os.environ.update(message["environment"])
    sys.argv = list(message["argv"])
    try:
        runpy.run_module(message["module"], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(end.code + "\n")
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _import_once(module: str) -> None:
    """Import the app for what it imports; forked children run it afresh as their main module."""
    try:
        importlib.import_module(module)
    except Exception:  # noqa: BLE001 - each pod says so again in its own log, where people look
        traceback.print_exc()
    sys.modules.pop(module, None)
    gc.collect()
    gc.freeze()


def main() -> None:
    """Serve the suite at the other end of standard input."""
    record, module = sys.argv[1:]
    nursery = Nursery(Path(record))
    _import_once(module)
    try:
        nursery.run()
    finally:
        nursery.end_all()


if __name__ == "__main__":
    main()
