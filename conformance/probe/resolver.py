"""Where the name that a call asks for leads.

A pod of the embedded cluster is told by a file, which stands for DNS, kube-proxy and iptables in one;
elsewhere the system is asked.
"""

import asyncio
import json
import os
import socket
from pathlib import Path

Place = tuple[str, int]
"""An address and a port."""


class NameUnknownError(Exception):
    """The name leads nowhere; the text says who was asked."""


class NobodyThereError(Exception):
    """The name is known, but no address is behind it; Kubernetes refuses such a connection."""


class HostsFile:
    """A JSON file ``{"host:port": [["address", port], ...]}`` that others replace while we run."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._places: dict[str, tuple[Place, ...]] = {}

    def refresh(self) -> None:
        """Read the file again if it is another than before; once per plan is often enough.

        Raises:
            OSError: The file is not there.
            ValueError: It is not JSON of this form.
        """
        status = os.stat(self._path)  # noqa: PTH116  one call for three numbers, on every plan
        stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
        if stamp != self._stamp:
            raw = json.loads(self._path.read_text(encoding="utf-8"))
            self._places = {
                name: tuple((address, port) for address, port in places) for name, places in raw.items()
            }
            self._stamp = stamp

    async def places(self, host: str, port: int) -> tuple[Place, ...]:
        """Give all addresses behind a name; none when the name is known but nobody is behind it.

        Raises:
            NameUnknownError: The name is not in the file.
        """
        found = self._places.get(f"{host}:{port}")
        if found is None:
            raise NameUnknownError(f"{host}:{port} is not in the hosts file")
        return found


class SystemResolver:
    """What the machine itself resolves: DNS and /etc/hosts."""

    def refresh(self) -> None:
        """Do nothing: the system keeps itself up to date."""

    async def places(self, host: str, port: int) -> tuple[Place, ...]:
        """Give all addresses behind a name.

        Raises:
            NameUnknownError: The name does not resolve.
        """
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise NameUnknownError(f"{host}: {error.strerror}") from error
        return tuple((str(address[0]), int(address[1])) for *_, address in found)


class LiteralResolver:
    """Takes every host for an address: what an app needs to call itself."""

    def refresh(self) -> None:
        """Do nothing: there is nothing to know."""

    async def places(self, host: str, port: int) -> tuple[Place, ...]:
        """Give the address as it stands."""
        return ((host, port),)


Resolver = HostsFile | SystemResolver | LiteralResolver
"""Who is asked where a name leads."""


async def resolve(resolver: Resolver, host: str, port: int) -> tuple[Place, ...]:
    """Give the addresses behind a name, at least one.

    Raises:
        NameUnknownError: The name leads nowhere.
        NobodyThereError: It leads to nobody.
    """
    places = await resolver.places(host, port)
    if not places:
        raise NobodyThereError(f"nobody is behind {host}:{port}")
    return places


def resolver_for(hosts: str | None) -> Resolver:
    """Choose the resolver: the file at *hosts*, or the system when there is none."""
    return HostsFile(Path(hosts)) if hosts else SystemResolver()
