"""Leads from a process's own stdin and stdout to the probe app's channel: ``python -m conformance.probe.attach``.

On Kubernetes the suite runs it inside a pod, by exec, once for each workload. It knows nothing of what it carries.
It ends when either side does. Every run of it is a start of Python, so nothing heavy is imported here.
"""

import os
import select
import socket
import sys

_CHUNK = 65536
"""How much is read at a time. Unit: bytes."""


def main() -> int:
    """Carry bytes both ways until one side ends; the exit code is 0 when stdin did, 3 when the app did, else 4."""
    path = os.environ.get("SMI_SOCKET")
    if not path:
        sys.stderr.write("the variable SMI_SOCKET is not set\n")
        return 4
    with socket.socket(socket.AF_UNIX) as app:
        try:
            app.connect(path)
        except OSError as error:
            sys.stderr.write(f"does not take a connection to its channel: {error.strerror or error}\n")
            return 3
        try:
            return _relay(app)
        except BrokenPipeError:
            return _app_is_gone()


def _relay(app: socket.socket) -> int:
    """Carry bytes. Writing may block: the app always reads, so that it cannot wait for us while we wait for it."""
    stdin, stdout = sys.stdin.fileno(), sys.stdout.fileno()
    while True:
        readable, _, _ = select.select([stdin, app], [], [])
        if app in readable:
            data = _received(app)
            if not data:
                return _app_is_gone()
            _write(stdout, data)
        if stdin in readable:
            data = os.read(stdin, _CHUNK)
            if not data:
                return 0
            app.sendall(data)


def _app_is_gone() -> int:
    sys.stderr.write("it closed its channel\n")
    return 3


def _received(app: socket.socket) -> bytes:
    try:
        return app.recv(_CHUNK)
    except ConnectionResetError:
        return b""


def _write(stdout: int, data: bytes) -> None:
    while data:
        data = data[os.write(stdout, data) :]


if __name__ == "__main__":
    sys.exit(main())
