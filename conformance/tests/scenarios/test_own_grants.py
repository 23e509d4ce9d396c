"""The suite's own objects: what opens a path, and the beacons."""

import pytest

from conformance.model.expectation import Access
from conformance.model.scenario import SplitProbe
from conformance.model.traffic import AddressForm, Cell, HttpRequest, Request, Target, TcpRequest
from conformance.oracle import expected_spread, expected_table
from conformance.scenario import beacon_grant, beacon_split, control_manifests, render
from conformance.scenario.checks import stated_bundle
from conformance.spec import ApiGroup, ApiVersion

BUNDLES = [
    stated_bundle(group, version)
    for group in (ApiGroup.ACCESS, ApiGroup.SPECS, ApiGroup.SPLIT)
    for version in ApiVersion
]


@pytest.fixture(params=BUNDLES, ids=lambda one: f"{one.access.value}-{one.specs.value}-{one.split.value}")
def bundle(request):
    """Each combination of versions that the documents state."""
    return request.param


@pytest.fixture
def topology(world, namespaces):
    """The sample world under actual names."""
    return world.topology(namespaces)


def _access(manifests, topology, source: str, target: str, request: Request, port: int = 8080) -> Access:
    cell = Cell(
        source=f"smi-here/{source}", target=Target(name=f"smi-here/{target}", port=port), request=request
    )
    return expected_table(tuple(manifests), topology, [cell])[cell].access


def test_control_opens_its_paths_and_no_others(topology, bundle):
    """A control opens every method and path between its two ends, and nothing beside."""
    caller, shop = topology.workloads["smi-here/client-a"], topology.workloads["smi-here/shop"]
    manifests = control_manifests([(caller, shop, False)], bundle)
    assert (
        _access(manifests, topology, "client-a", "shop", HttpRequest(method="DELETE", path="/x/y"))
        is Access.ALLOWED
    )
    assert _access(manifests, topology, "client-b", "shop", HttpRequest()) is Access.DENIED
    assert _access(manifests, topology, "client-a", "bank", HttpRequest()) is Access.DENIED
    assert _access(manifests, topology, "client-a", "shop", TcpRequest(), 8300) is Access.DENIED


def test_control_with_tcp_opens_both(topology, bundle):
    """Where raw TCP is asked for, HTTP and raw TCP are both open, on every port."""
    caller, shop = topology.workloads["smi-here/client-a"], topology.workloads["smi-here/shop"]
    manifests = control_manifests([(caller, shop, True)], bundle)
    assert _access(manifests, topology, "client-a", "shop", HttpRequest(path="/x"), 9090) is Access.ALLOWED
    assert _access(manifests, topology, "client-a", "shop", TcpRequest(), 8301) is Access.ALLOWED


def test_control_of_several_paths_has_one_object_of_each_name(topology, bundle):
    """Each path has targets of its own, routes are shared, and no object is written twice."""
    shop, bank = topology.workloads["smi-here/shop"], topology.workloads["smi-there/shop"]
    callers = [topology.workloads[f"smi-here/client-{letter}"] for letter in "ba"]
    paths = [(caller, destination, True) for caller in callers for destination in (shop, bank)] * 2
    refs = [one.ref for one in control_manifests(paths, bundle)]
    assert len(refs) == len(set(refs)) == 12


def test_control_of_nothing_is_nothing(bundle):
    """Without a refusal there is nothing to open."""
    assert control_manifests([], bundle) == ()


def test_beacon_grant_opens_its_own_path_only(topology, bundle):
    """A beacon shines on the path of its nonce, for its caller."""
    caller = topology.workloads["smi-here/client-a"]
    manifests = beacon_grant("n1", caller, bundle, namespace="smi-here")
    assert (
        _access(manifests, topology, "client-a", "beacon", HttpRequest(path="/beacon-n1")) is Access.ALLOWED
    )
    assert _access(manifests, topology, "client-a", "beacon", HttpRequest(path="/beacon-n0")) is Access.DENIED
    assert _access(manifests, topology, "client-b", "beacon", HttpRequest(path="/beacon-n1")) is Access.DENIED


def test_next_beacon_is_made_of_other_objects(topology, bundle):
    """No object is edited for a beacon, so a mesh that misses edits still shows it."""
    caller = topology.workloads["smi-here/client-a"]
    first, second = (beacon_grant(nonce, caller, bundle, namespace="smi-here") for nonce in ("n1", "n2"))
    assert not {one.ref for one in first} & {one.ref for one in second}


def test_nonce_that_means_something_in_a_pattern_is_refused(topology, bundle):
    """A nonce is text and no pattern."""
    with pytest.raises(ValueError, match="lower-case letters and digits"):
        beacon_grant(".*", topology.workloads["smi-here/client-a"], bundle, namespace="smi-here")


@pytest.mark.parametrize("backend", ["beacon-blue", "beacon-green"])
def test_beacon_split_sends_everything_to_one_backend(topology, bundle, backend):
    """A flipped beacon answers from the other workload, every time."""
    caller, blue = topology.workloads["smi-here/client-a"], topology.workloads["smi-here/beacon-blue"]
    manifests = (
        *control_manifests([(caller, blue, False)], bundle),
        beacon_split(backend, bundle, namespace="smi-here"),
    )
    probe = SplitProbe(
        source="smi-here/client-a",
        service="smi-here/beacon",
        port=8080,
        request=HttpRequest(),
        form=AddressForm.SERVICE,
    )
    assert expected_spread(manifests, topology, probe).among == {f"smi-here/{backend}"}


def test_open_paths_become_grants(read, world, namespaces, topology):
    """What a scenario opens is granted for HTTP, and for raw TCP only where the scenario needs that."""
    opened = ("steps:\n", "open: [client-c -> bank]\nsteps:\n")
    plain = read(opened)
    with_tcp = read(opened, ("steps:\n", "needs: [tcp]\nsteps:\n"))
    for scenario, tcp in ((plain, Access.DENIED), (with_tcp, Access.ALLOWED)):
        version = scenario.versions[-1]
        grants = render(scenario, version, stated_bundle(scenario.group, version), world, namespaces).grants
        assert _access(grants, topology, "client-c", "bank", HttpRequest(method="PUT")) is Access.ALLOWED
        assert _access(grants, topology, "client-c", "bank", TcpRequest(), 8300) is tcp
