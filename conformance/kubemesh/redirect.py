"""Leads a pod's TCP connections to its sidecar, with iptables. The init container runs this once.

Everything the application opens goes to the sidecar's outbound port, everything that comes from elsewhere to its
inbound port. What the sidecar itself opens is left alone, but for calls to its own pod's address: they come in like
anybody's. Traffic inside the pod, on the loopback device, is the pod's own business.
"""

import subprocess
import sys
from collections.abc import Callable, Sequence

from conformance.errors import ConformanceError, EnvironmentBrokenError
from conformance.kubemesh.names import INBOUND_PORT, OUTBOUND_PORT, PROXY_USER, READY_PORT

_OUTBOUND, _INBOUND = "SMI_OUTBOUND", "SMI_INBOUND"
_LOOPBACK = "127.0.0.0/8"
_RESET = "REJECT --reject-with tcp-reset"
_OWN_PORTS = (OUTBOUND_PORT, INBOUND_PORT)

Run = Callable[[Sequence[str], str], None]
"""Runs a program with a text as its input."""


def rules() -> str:
    """Write the whole nat and filter tables of a pod, as iptables-restore reads them.

    Tables are replaced in one step, so that to do it again changes nothing: an init container may run twice.
    """
    inbound = f"REDIRECT --to-ports {INBOUND_PORT}"
    sidecar = f"-m owner --uid-owner {PROXY_USER}"
    lines = (
        "*nat",
        ":PREROUTING ACCEPT [0:0]",
        ":OUTPUT ACCEPT [0:0]",
        f":{_INBOUND} - [0:0]",
        f":{_OUTBOUND} - [0:0]",
        # What is not for this pod must not be led to its sidecar, which would take it for the application's own.
        f"-A PREROUTING -p tcp -m addrtype --dst-type LOCAL -j {_INBOUND}",
        f"-A OUTPUT -p tcp -j {_OUTBOUND}",
        f"-A {_INBOUND} -p tcp --dport {READY_PORT} -j RETURN",
        f"-A {_INBOUND} -p tcp -j {inbound}",
        f"-A {_OUTBOUND} -p tcp -o lo ! -d {_LOOPBACK} {sidecar} -j {inbound}",
        f"-A {_OUTBOUND} {sidecar} -j RETURN",
        f"-A {_OUTBOUND} -o lo -j RETURN",
        f"-A {_OUTBOUND} -p tcp -j REDIRECT --to-ports {OUTBOUND_PORT}",
        "COMMIT",
        # Who means the sidecar's own ports would have it call itself, and that call itself, until it can no more.
        "*filter",
        *(f"-A INPUT -p tcp -m conntrack --ctorigdstport {one} -j {_RESET}" for one in _OWN_PORTS),
        "COMMIT",
    )
    return "\n".join(lines) + "\n"


def no_rules() -> str:
    """Write a filter table that lets no TCP in or out, for a protocol the sidecar does not carry: IPv6."""
    lines = ("*filter", "-A INPUT ! -i lo -p tcp -j REJECT", "-A OUTPUT ! -o lo -p tcp -j REJECT", "COMMIT")
    return "\n".join(lines) + "\n"


def redirect(run: Run) -> None:
    """Set the rules.

    Raises:
        EnvironmentBrokenError: iptables is missing or refuses.
    """
    run(("iptables-restore",), rules())


def close_ipv6(run: Run, tell: Callable[[str], object]) -> None:
    """Close the way around the sidecar that IPv6 would be. Where the node has none, there is no way around."""
    try:
        run(("ip6tables-restore",), no_rules())
    except EnvironmentBrokenError as problem:
        tell(f"IPv6 is left as it is: {problem.what}\n")


def run_program(argv: Sequence[str], text: str) -> None:
    """Run one of iptables' programs.

    Raises:
        EnvironmentBrokenError: It is missing or refuses.
    """
    try:
        done = subprocess.run(argv, input=text, text=True, capture_output=True, check=False)
    except OSError as problem:
        raise _failed(argv, str(problem)) from problem
    if done.returncode:
        raise _failed(argv, done.stderr.strip())


def _failed(argv: Sequence[str], words: str) -> EnvironmentBrokenError:
    return EnvironmentBrokenError(
        f"the pod's connections cannot be led to its sidecar: {words}",
        " ".join(argv),
        "run on nodes whose kernel has iptables' nat table, and let the init container have NET_ADMIN",
    )


def main() -> int:
    """Set the rules of this network namespace; the exit code is 3 where that is impossible."""
    try:
        redirect(run_program)
        close_ipv6(run_program, sys.stderr.write)
    except ConformanceError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
