"""Tries whether ports are free, and finds who holds one that is not."""

import socket
from collections.abc import Iterable
from pathlib import Path

from conformance.errors import PortInUseError

_LISTENING = "0A"
"""State TCP_LISTEN in /proc/net/tcp."""


def check_free(addresses: Iterable[str], ports: Iterable[int], pod: str) -> None:
    """Try every port on every address.

    Args:
        addresses: IPv4 addresses of this machine.
        ports: TCP ports.
        pod: Whom they are for, in words for the message.

    Raises:
        PortInUseError: One of them is taken.
    """
    numbers = tuple(ports)
    for address in addresses:
        for port in numbers:
            _check(address, port, pod)


def _check(address: str, port: int, pod: str) -> None:
    with socket.socket() as tried:
        # Without it a port looks taken for a minute after its last connection; a listener still does with it.
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((address, port))
        except OSError as error:
            raise PortInUseError(
                f"port {port} of {address} is needed by {pod}: {error.strerror}",
                f"held by {holder_of(address, port) or 'a process that /proc does not show us'}",
                "end that process, or make it listen on another address than 0.0.0.0 or 127.0.0.0/8",
            ) from error


def holder_of(address: str, port: int) -> str:
    """Name the process that listens on a port, such as ``pid 812 (nginx)``; empty when unknown."""
    wanted = {f"{_hex(one)}:{port:04X}" for one in (address, "0.0.0.0")}  # noqa: S104 - compared, not bound
    wanted.add(f"{'0' * 32}:{port:04X}")
    inodes = {inode for table in ("tcp", "tcp6") for inode in _listeners(Path("/proc/net", table), wanted)}
    return next((_describe(process) for process in _processes() if _holds(process, inodes)), "")


def _hex(address: str) -> str:
    return socket.inet_aton(address)[::-1].hex().upper()


def _listeners(table: Path, wanted: set[str]) -> Iterable[str]:
    try:
        lines = table.read_text("ascii").splitlines()[1:]
    except OSError:
        return
    for line in lines:
        columns = line.split()
        if columns[3] == _LISTENING and columns[1] in wanted:
            yield columns[9]


def _processes() -> Iterable[Path]:
    return (path for path in Path("/proc").iterdir() if path.name.isdigit())


def _holds(process: Path, inodes: set[str]) -> bool:
    names = {f"socket:[{inode}]" for inode in inodes}
    try:
        return any(str(handle.readlink()) in names for handle in (process / "fd").iterdir())
    except OSError:
        return False


def _describe(process: Path) -> str:
    try:
        line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        line = ""
    return f"pid {process.name} ({line})" if line else f"pid {process.name}"
