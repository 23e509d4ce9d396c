"""What a caller asks its resolver for, for each way to name a target."""

import pytest

from conformance.errors import NotReadyError
from conformance.model.manifest import ObjectRef
from conformance.model.traffic import AddressForm, Target
from conformance.model.verdict import Verdict
from conformance.runner.addresses import Addresses
from conformance.tests.doubles.playhouse import GRANT, HALVES, NOTHING, OPEN_WEBSITES, REVOKED

CALLER = "here/client-a"
OUTSIDER = "outside/outsider"

OWN_HOSTS = "{0.name}.{0.namespace}.mesh"
"""A mesh's own names, and no other full name leads into it."""


@pytest.fixture
def addresses(house):
    """The addresses of a world in which shop runs."""
    house.play(NOTHING)
    return addresses_of(house)


def addresses_of(house):
    """The addresses of the world that is played in now."""
    return Addresses(house.cluster, house.session._stage.world)


def shop(house, form):
    return Target(name=house.key("here/shop"), port=8080, form=form)


def test_service_is_called_by_its_full_name(house, addresses):
    """The name that resolves in every namespace."""
    assert (
        addresses.host(house.key(CALLER), shop(house, AddressForm.SERVICE))
        == "shop.here-run-1.svc.cluster.local"
    )


def test_short_name_is_the_bare_name(house, addresses):
    """The name that resolves within the namespace."""
    assert addresses.host(house.key(CALLER), shop(house, AddressForm.SHORT)) == "shop"


def test_cluster_ip_is_what_the_cluster_gave(house, addresses):
    """The virtual address is read from the stored Service."""
    stored = house.cluster.read(ObjectRef("Service", "here-run-1", "shop"))
    assert (
        addresses.host(house.key(CALLER), shop(house, AddressForm.CLUSTER_IP))
        == stored.body["spec"]["clusterIP"]
    )


def test_pod_is_called_by_the_address_of_its_own_pod(house, addresses):
    """Of all pods in the namespace it is the one of the workload that is named."""
    (pod,) = [one for one in house.cluster.pods() if one.workload == "here-run-1/shop"]
    assert addresses.host(house.key(CALLER), shop(house, AddressForm.POD)) == pod.address


def test_pod_that_is_not_ready_has_no_address(house, addresses):
    """An address that may lead nowhere is not called."""
    house.cluster.unready.add("here-run-1/shop")
    with pytest.raises(NotReadyError, match="no pod of here-run-1/shop is ready"):
        addresses.host(house.key(CALLER), shop(house, AddressForm.POD))


def test_service_that_is_gone_has_no_address(house, addresses):
    """Something else deleted it; that is no evidence about the mesh."""
    house.cluster.delete([ObjectRef("Service", "here-run-1", "shop")])
    with pytest.raises(NotReadyError, match="the Service here-run-1/shop is not there"):
        addresses.host(house.key(CALLER), shop(house, AddressForm.CLUSTER_IP))


@pytest.mark.parametrize("form", list(AddressForm))
def test_measured_calls_use_the_form_that_is_asked_for(house, form):
    """A cell is called as its target is named, and a mesh that knows that name lets it through."""
    needs = "needs: [pod-address]\n" if form is AddressForm.POD else ""
    step = NOTHING.replace("ask: {", f"ask: {{by: [{form.value}], ")
    result = house.play(step, head=f"{needs}open: [client-a -> shop]")
    (measured,) = house.journal.about("measure")
    expected = addresses_of(house).host(house.key(CALLER), shop(house, form))
    assert {call.host for _, call in measured} == {expected}
    assert "received by here-run-1/shop" in result.steps[0].findings[0].observed


def test_mesh_with_hosts_of_its_own_is_called_by_them(house):
    """The cluster's name would lead past it."""
    house.mesh.host_template = OWN_HOSTS
    house.play(NOTHING)
    host = addresses_of(house).host(house.key(CALLER), shop(house, AddressForm.SERVICE))
    assert host == "shop.here-run-1.mesh"


@pytest.mark.parametrize("source,target", [(OUTSIDER, "here/shop"), (CALLER, OUTSIDER)])
def test_who_is_outside_the_mesh_calls_and_is_called_by_the_clusters_name(house, source, target):
    """The mesh's names are none of theirs."""
    house.mesh.host_template = OWN_HOSTS
    house.play(NOTHING.replace("client-a", f"client-a, {OUTSIDER}"), head="needs: [unmeshed]")
    called = Target(name=house.key(target), port=8080)
    namespace, _, name = called.name.partition("/")
    host = addresses_of(house).host(house.key(source), called)
    assert host == f"{name}.{namespace}.svc.cluster.local"


@pytest.mark.parametrize("form", [AddressForm.SHORT, AddressForm.CLUSTER_IP, AddressForm.POD])
def test_other_forms_are_the_clusters_whatever_the_mesh_calls_its_own(house, addresses, form):
    """A scenario that asks for an address means that address."""
    before = addresses.host(house.key(CALLER), shop(house, form))
    house.mesh.host_template = OWN_HOSTS
    house.play(NOTHING.replace("[shop]", "[shop, bank]"))
    assert addresses_of(house).host(house.key(CALLER), shop(house, form)) == before


def test_every_call_of_a_scenario_takes_the_hosts_of_the_mesh(house):
    """Beacons, waiting, splits, what is measured, controls, and the wait until all is forgotten."""
    house.mesh.host_template = OWN_HOSTS
    called = set()
    rule = house.mesh.rule
    house.mesh.rule = lambda source, call: called.add(call.host) or rule(source, call)
    refusal = house.play(GRANT, REVOKED)
    split = house.play(HALVES, folder="traffic-split", head=OPEN_WEBSITES)
    assert [refusal.verdict, split.verdict] == [Verdict.PASSED, Verdict.PASSED]
    assert called == {f"{name}.here-run-1.mesh" for name in ("shop", "beacon", "website")}
