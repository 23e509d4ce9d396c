"""What changes where iptables leads connections to the sidecar: listeners stand at real addresses, unbound."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.refmesh.interception import Redirected
from conformance.refmesh.pipeline import Pipeline
from conformance.refmesh.translate import Redirection
from conformance.tests.doubles.mesh_worlds import mesh_settings, shop_world, snapshots, website_world
from conformance.tests.doubles.smi_objects import a_split

GOLDEN = Path(__file__).parent / "golden"
SETTINGS = replace(mesh_settings(), redirection=Redirection())


def redirected(objects):
    return Pipeline(Redirected(), SETTINGS).run(objects)


def place(listener):
    address = listener["address"]["socket_address"]
    return address["address"], address["port_value"]


def catching(snapshot):
    return {name: one for name, one in snapshot.listeners.items() if name.startswith("redirected|")}


def test_catching_listeners_are_as_recorded():
    """A change to what takes redirected connections shows in the golden file, where a reviewer sees it whole."""
    recorded = json.loads((GOLDEN / "redirected-listeners.json").read_text())
    assert catching(redirected(shop_world())["here/shop-0"]) == recorded


@pytest.mark.parametrize("sidecar", ["here/shop-0", "here/client-a-0"])
def test_no_two_listeners_stand_at_one_place(sidecar):
    """Envoy takes the first of two, so calls to a pod would be judged as calls from it, or not at all."""
    places = [place(one) for one in redirected(shop_world())[sidecar].listeners.values()]
    assert len(places) == len(set(places))


def test_own_port_is_taken_care_of_by_the_inbound_listener():
    """The pod's own address belongs to what guards it."""
    listeners = redirected(shop_world())["here/shop-0"].listeners
    assert place(listeners["inbound|8080"]) == ("127.9.0.4", 8080)
    assert "pod|here/shop-0|8080" not in listeners


def test_calls_to_others_are_taken_at_their_real_addresses():
    """That is where redirected connections were going."""
    listeners = redirected(shop_world())["here/client-a-0"].listeners
    assert place(listeners["service|here/shop|8080"]) == ("127.9.1.4", 8080)
    assert place(listeners["pod|here/shop-0|8300"]) == ("127.9.0.4", 8300)


def test_only_the_catching_listeners_bind():
    """A listener that binds to a Service's address would keep Envoy from taking any of them."""
    listeners = redirected(shop_world())["here/shop-0"].listeners
    binding = {name for name, one in listeners.items() if one.get("bind_to_port", True)}
    assert binding == {"redirected|outbound", "redirected|inbound"}


def test_listener_of_a_split_is_unbound_as_well():
    """A split replaces a listener for raw TCP; the new one must not bind either."""
    world = [
        {**one, "spec": {**one["spec"], "ports": [{"name": "tcp", "port": 8300}]}}
        if one["kind"] == "Service"
        else one
        for one in website_world()
    ]
    listener = redirected([*world, a_split()])["here/client-a-0"].listeners["service|here/website|8300"]
    assert listener["bind_to_port"] is False


def test_what_no_listener_knows_is_closed_when_it_comes_from_elsewhere():
    """A port that nobody declared must not lead to the application past the rules."""
    snapshot = redirected(shop_world())["here/shop-0"]
    (chain,) = snapshot.listeners["redirected|inbound"]["filter_chains"]
    (proxy,) = chain["filters"]
    assert proxy["typed_config"]["cluster"] not in snapshot.clusters


def test_without_redirection_nothing_of_it_is_there():
    """The embedded cluster has no iptables, and binds to addresses of its own."""
    snapshot = snapshots(shop_world())["here/shop-0"]
    assert not catching(snapshot)
    assert "onward" not in snapshot.clusters
    assert not any("bind_to_port" in one for one in snapshot.listeners.values())
