"""The rules that lead a pod's connections to its sidecar, and no connection past it."""

import pytest

from conformance.errors import EnvironmentBrokenError
from conformance.kubemesh.redirect import close_ipv6, redirect, rules, run_program


def appended(chain, text=None):
    lines = (text or rules()).splitlines()
    return [line.removeprefix(f"-A {chain} ") for line in lines if line.startswith(f"-A {chain} ")]


def test_rules_are_as_recorded():
    """A change to who gets past the sidecar shows here, rule by rule and in order."""
    assert appended("SMI_OUTBOUND") == [
        "-p tcp -o lo ! -d 127.0.0.0/8 -m owner --uid-owner 1337 -j REDIRECT --to-ports 15006",
        "-m owner --uid-owner 1337 -j RETURN",
        "-o lo -j RETURN",
        "-p tcp -j REDIRECT --to-ports 15001",
    ]
    assert appended("SMI_INBOUND") == [
        "-p tcp --dport 15020 -j RETURN",
        "-p tcp -j REDIRECT --to-ports 15006",
    ]
    assert appended("INPUT") == [
        "-p tcp -m conntrack --ctorigdstport 15001 -j REJECT --reject-with tcp-reset",
        "-p tcp -m conntrack --ctorigdstport 15006 -j REJECT --reject-with tcp-reset",
    ]
    assert appended("OUTPUT") == ["-p tcp -j SMI_OUTBOUND"]
    assert appended("PREROUTING") == ["-p tcp -m addrtype --dst-type LOCAL -j SMI_INBOUND"]


def test_whole_table_is_replaced():
    """An init container may run twice; rules that are added to rules would be there twice."""
    ran = []
    redirect(lambda argv, text: ran.append((argv, text)))
    ((argv, text),) = ran
    assert "--noflush" not in argv
    assert text.startswith("*nat\n")
    assert text.endswith("COMMIT\n")


def test_rules_that_cannot_be_set_end_the_pod():
    """A pod that starts without them would call and be called past its sidecar."""
    with pytest.raises(EnvironmentBrokenError, match="no such table"):
        run_program(("sh", "-c", "echo no such table >&2; exit 2"), "")
    with pytest.raises(EnvironmentBrokenError, match="cannot be led"):
        run_program(("/nowhere/iptables-restore",), "")


def test_node_without_ipv6_is_no_failure():
    """There is no way around the sidecar then."""

    def refuse(argv, text):
        raise EnvironmentBrokenError("no IPv6", "here", "nothing")

    told = []
    close_ipv6(refuse, told.append)
    assert "no IPv6" in told[0]
