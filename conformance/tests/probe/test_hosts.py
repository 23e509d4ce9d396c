"""Where a name leads, and how soon a change of the hosts file counts."""

import asyncio
import socket

import pytest

from conformance.model.traffic import Ending, HttpRequest, TrafficPlan
from conformance.probe.resolver import HostsFile, NameUnknownError, SystemResolver, resolve
from conformance.tests.doubles.traffic import a_call

CALLER, SHOP = "here/caller", "here/shop"


def answer_of(prober, host):
    call = a_call(host)
    observation, _ = prober.send({CALLER: TrafficPlan(calls=(call,))}, [SHOP, CALLER])[call.id]
    return observation


def test_change_of_the_hosts_file_counts_for_the_next_plan(apps, prober):
    """A name is unknown, then leads to one application, then to another."""
    endings = [answer_of(prober, "moving").ending]
    responders = []
    for name in ("shop", "caller"):
        apps.lead({"moving:8080": apps.places(f"{name}:8080")})
        responders.append(answer_of(prober, "moving").responder)
    assert endings == [Ending.NAME_UNKNOWN]
    assert responders == [SHOP, CALLER]


def test_addresses_behind_a_name_take_turns(apps, prober):
    """Each new connection goes to the next address, as a Service's connections spread."""
    apps.lead({"both:8080": [*apps.places("shop:8080"), *apps.places("caller:8080")]})
    calls = tuple(a_call("both") for _ in range(4))
    seen = prober.send({CALLER: TrafficPlan(calls=calls)}, [SHOP, CALLER])
    assert [one.responder for one, _ in seen.values()] == [SHOP, CALLER, SHOP, CALLER]


def test_host_header_names_what_was_called_and_not_where_it_led(apps, prober):
    """The sidecar of a caller has to see the name that the application used."""
    apps.lead({"alias:8080": apps.places("shop:8080")})
    call = a_call("alias", request=HttpRequest())
    _, (receipt,) = prober.send({CALLER: TrafficPlan(calls=(call,))}, [SHOP])[call.id]
    assert ("host", "alias:8080") in receipt.headers


def test_system_is_asked_where_there_is_no_hosts_file(monkeypatch):
    """It knows addresses; a name that it does not know is unknown."""
    resolver = SystemResolver()
    assert asyncio.run(resolve(resolver, "127.0.0.1", 81)) == (("127.0.0.1", 81),)
    monkeypatch.setattr(socket, "getaddrinfo", _knows_nothing)
    with pytest.raises(NameUnknownError, match="no-such-name"):
        asyncio.run(resolve(resolver, "no-such-name", 81))


def _knows_nothing(*_, **__):
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_hosts_file_that_is_missing_is_not_an_unknown_name(tmp_path):
    """The pod is broken then; that must not read like a mesh that hides a name."""
    with pytest.raises(FileNotFoundError):
        HostsFile(tmp_path / "none").refresh()
