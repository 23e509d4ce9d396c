"""Which address of 127.0.0.0/8 belongs to what.

A run has a pair of /16 blocks, ``127.B`` with B even, and ``127.B+1``:

=================  ===================================================================================
``127.B.0.i``      pod *i*
``127.B.1.j``      Service *j*
``127.B.2.i``      where the app of pod *i* listens when the pod has a sidecar
``127.B+1.i.t``    where the sidecar of pod *i* listens for calls to *t*: a pod, or a Service plus 128
=================  ===================================================================================
"""

import fcntl
import os
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from conformance.errors import EnvironmentBrokenError

_PODS, _SERVICES, _APPS = 0, 1, 2
_SERVICE_OFFSET = 128
HIGHEST = 127
"""How many pods, and how many Services, a cluster can have at a time."""
_BLOCKS = range(16, 249, 2)


def intercepted_address(caller_address: str, target_address: str) -> str:
    """Say where the sidecar of one pod listens for calls to another pod's, or a Service's, address.

    Raises:
        ValueError: One of them is no address of that sort.
    """
    block, caller = _taken_apart(caller_address, (_PODS,))[::2]
    _, third, target = _taken_apart(target_address, (_PODS, _SERVICES))
    return f"127.{block + 1}.{caller}.{target + _SERVICE_OFFSET * third}"


def app_address(pod_address: str) -> str:
    """Say where the app of the pod at *pod_address* listens when the pod has a sidecar.

    Raises:
        ValueError: It is no pod's address.
    """
    block, _, index = _taken_apart(pod_address, (_PODS,))
    return f"127.{block}.{_APPS}.{index}"


def _taken_apart(address: str, thirds: tuple[int, ...]) -> tuple[int, int, int]:
    first, block, third, index = IPv4Address(address).packed
    if first != 127 or block not in _BLOCKS or third not in thirds or not 1 <= index <= HIGHEST:  # noqa: PLR2004 - 127/8
        wanted = "a pod or a Service" if _SERVICES in thirds else "a pod"
        msg = f"{address} is no address of {wanted} of this cluster"
        raise ValueError(msg)
    return block, third, index


@dataclass(slots=True)
class Allotment:
    """Hands out the pod and Service addresses of one block.

    Goes round, so that an address that has just become free is the last to be used again.
    """

    block: int
    _last_pod: int = 0
    _last_service: int = 0

    def pod(self, taken: Iterable[str]) -> str:
        """Choose an address for a pod.

        Raises:
            EnvironmentBrokenError: All 127 are taken.
        """
        self._last_pod = self._next(_PODS, self._last_pod, set(taken), "pods")
        return f"127.{self.block}.{_PODS}.{self._last_pod}"

    def service(self, taken: Iterable[str]) -> str:
        """Choose an address for a Service.

        Raises:
            EnvironmentBrokenError: All 127 are taken.
        """
        self._last_service = self._next(_SERVICES, self._last_service, set(taken), "Services")
        return f"127.{self.block}.{_SERVICES}.{self._last_service}"

    def _next(self, third: int, last: int, taken: set[str], what: str) -> int:
        for step in range(HIGHEST):
            index = (last + step) % HIGHEST + 1
            if f"127.{self.block}.{third}.{index}" not in taken:
                return index
        raise EnvironmentBrokenError(
            f"all {HIGHEST} addresses for {what} are in use",
            f"embedded cluster at 127.{self.block}.0.0/15",
            "run fewer pods at a time, or use --smi-cluster=kind",
        )


@dataclass(frozen=True, slots=True)
class Block:
    """A pair of /16 blocks that is ours for as long as the lock is held."""

    number: int
    _lock: int

    def release(self) -> None:
        """Let others have it."""
        os.close(self._lock)


def take_block(locks: Path) -> Block:
    """Take the lowest free block on this machine.

    Args:
        locks: Folder of the lock files; all clusters of one user share it.

    Raises:
        EnvironmentBrokenError: All blocks are taken.
    """
    locks.mkdir(mode=0o700, exist_ok=True)
    for number in _BLOCKS:
        lock = os.open(locks / str(number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            continue
        return Block(number, lock)
    raise EnvironmentBrokenError(
        f"all {len(_BLOCKS)} blocks of loopback addresses are taken by other runs",
        str(locks),
        "wait until another run has ended",
    )
