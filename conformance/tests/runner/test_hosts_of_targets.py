"""What a caller asks its resolver for, for each way to name a target."""

import pytest

from conformance.errors import NotReadyError
from conformance.model.manifest import ObjectRef
from conformance.model.traffic import AddressForm, Target
from conformance.runner.addresses import Addresses
from conformance.tests.doubles.playhouse import NOTHING


@pytest.fixture
def addresses(house):
    """The addresses of a world in which shop runs."""
    house.play(NOTHING)
    return Addresses(house.cluster, house.session._stage.world)


def shop(house, form):
    return Target(name=house.key("here/shop"), port=8080, form=form)


def test_service_is_called_by_its_full_name(house, addresses):
    """The name that resolves in every namespace."""
    assert addresses.host(shop(house, AddressForm.SERVICE)) == "shop.here-run-1.svc.cluster.local"


def test_short_name_is_the_bare_name(house, addresses):
    """The name that resolves within the namespace."""
    assert addresses.host(shop(house, AddressForm.SHORT)) == "shop"


def test_cluster_ip_is_what_the_cluster_gave(house, addresses):
    """The virtual address is read from the stored Service."""
    stored = house.cluster.read(ObjectRef("Service", "here-run-1", "shop"))
    assert addresses.host(shop(house, AddressForm.CLUSTER_IP)) == stored.body["spec"]["clusterIP"]


def test_pod_is_called_by_the_address_of_its_own_pod(house, addresses):
    """Of all pods in the namespace it is the one of the workload that is named."""
    (pod,) = [one for one in house.cluster.pods() if one.workload == "here-run-1/shop"]
    assert addresses.host(shop(house, AddressForm.POD)) == pod.address


def test_pod_that_is_not_ready_has_no_address(house, addresses):
    """An address that may lead nowhere is not called."""
    house.cluster.unready.add("here-run-1/shop")
    with pytest.raises(NotReadyError, match="no pod of here-run-1/shop is ready"):
        addresses.host(shop(house, AddressForm.POD))


def test_service_that_is_gone_has_no_address(house, addresses):
    """Something else deleted it; that is no evidence about the mesh."""
    house.cluster.delete([ObjectRef("Service", "here-run-1", "shop")])
    with pytest.raises(NotReadyError, match="the Service here-run-1/shop is not there"):
        addresses.host(shop(house, AddressForm.CLUSTER_IP))


@pytest.mark.parametrize("form", list(AddressForm))
def test_measured_calls_use_the_form_that_is_asked_for(house, form):
    """A cell is called as its target is named, and a mesh that knows that name lets it through."""
    needs = "needs: [pod-address]\n" if form is AddressForm.POD else ""
    step = NOTHING.replace("ask: {", f"ask: {{by: [{form.value}], ")
    result = house.play(step, head=f"{needs}open: [client-a -> shop]")
    (measured,) = house.journal.about("measure")
    expected = Addresses(house.cluster, house.session._stage.world).host(shop(house, form))
    assert {call.host for _, call in measured} == {expected}
    assert "received by here-run-1/shop" in result.steps[0].findings[0].observed
