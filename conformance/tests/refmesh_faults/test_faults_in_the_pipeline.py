"""How faults are set, left and named."""

import copy
import re

import pytest

from conformance.errors import UsageError
from conformance.refmesh.faults import FAULTS
from conformance.tests.doubles.mesh_worlds import a_pipeline, shop_world, snapshots, website_world
from conformance.tests.doubles.smi_objects import (
    VERSIONS,
    a_group,
    a_port_route,
    a_rule,
    a_split,
    a_target,
    an_account,
)

REFERENCE = {"kind": "HTTPRouteGroup", "name": "routes"}


def every_version():
    """Targets, routes and splits of all versions at once."""
    for version in VERSIONS:
        rules = [a_rule(f"routes-{version}"), a_rule(f"ports-{version}", "TCPRoute")]
        yield a_target(
            version, name=version, rules=rules, sources=[an_account("client-a"), an_account("x", None)]
        )
        yield a_group(version, name=f"routes-{version}")
        yield a_port_route(version, name=f"ports-{version}")
        split = a_split(version, matches=[REFERENCE] if version in VERSIONS[2:] else None)
        split["metadata"]["name"] = version
        yield split


def awkward():
    """Objects that lack what they should have."""
    yield {**a_target(name="bare"), "spec": {}}
    yield {**a_group(name="bare"), "spec": {}}
    yield {**a_port_route(name="bare"), "spec": {}}
    yield {**a_split(root="bare"), "spec": {}}
    yield a_target(name="homeless", destination=an_account("shop", None), sources=[])


@pytest.mark.parametrize("world", [shop_world, website_world])
@pytest.mark.parametrize("name", FAULTS)
def test_fault_stands_any_object(name, world):
    """A wrong mesh is wrong, not broken: it makes a snapshot for every sidecar, of whatever is stored."""
    objects = [*world(), *every_version(), *awkward()]
    assert snapshots(objects, name).keys() == snapshots(objects).keys()


@pytest.mark.parametrize("name", FAULTS)
def test_fault_leaves_the_objects_as_they_are(name):
    """What the cluster has stored is never changed in place."""
    objects = [*shop_world(), *every_version()]
    before = copy.deepcopy(objects)
    snapshots(objects, name)
    assert objects == before


@pytest.mark.parametrize("name", FAULTS)
def test_mesh_is_clean_again_without_its_faults(name):
    """A fault, and what it remembered, ends when it is no longer set."""
    pipeline = a_pipeline(name)
    pipeline.run([*shop_world(), *every_version()])
    pipeline.run(shop_world())
    pipeline.set_faults([])
    assert pipeline.run(shop_world()) == snapshots(shop_world())


def test_faults_act_together():
    """Several faults make one mesh that is wrong in all these ways, whatever stage each changes."""
    pipeline = a_pipeline("ignores-target-delete", "ignores-methods", "untidied-paths")
    assert pipeline.faults == ("ignores-target-delete", "ignores-methods", "untidied-paths")
    pipeline.run([*shop_world(), a_target(), a_group()])
    snapshot = pipeline.run([*shop_world(), a_group()])["here/shop-0"]
    assert "client-a" in str(snapshot.routes)
    assert ":method" not in str(snapshot.routes)
    assert "'normalize_path': True" not in str(snapshot.listeners)


def test_unknown_fault_is_refused_with_the_nearest_names():
    """Nothing changes, and the message says what there is."""
    pipeline = a_pipeline("ignores-methods")
    with pytest.raises(UsageError, match="ignores-weights"):
        pipeline.set_faults(["ignore-weights"])
    assert pipeline.faults == ("ignores-methods",)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_fault_is_named_and_described(fault):
    """A slug, and one sentence; and at least one stage that it changes."""
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", fault.name)
    assert re.fullmatch(r"[A-Z][^.]*\.", fault.says)
    assert fault.objects or fault.policy or fault.snapshots or fault.admission or fault.metrics
