"""How a sidecar gets to see its application's calls."""

from typing import Protocol


class Interception(Protocol):
    """Says where sidecars listen for calls that leave their pods."""

    def listen_address(self, caller_address: str, target_address: str) -> str:
        """Give the address on which the sidecar of the pod at *caller_address* takes calls to *target_address*.

        Without iptables each sidecar has an address of its own for each pod and each Service.
        """


class Redirected:
    """Connections are led to the sidecar by iptables, wherever they go: it stands at the target's own address."""

    def listen_address(self, caller_address: str, target_address: str) -> str:
        """Give the target's address, which is the same for every caller."""
        del caller_address
        return target_address
