"""What is rendered is valid by the schemas of ``fixtures/crds``, without a field too many."""

import pytest

from conformance.cluster.embedded.kinds import read_kinds
from conformance.cluster.embedded.schema import problems, unknown_fields
from conformance.model.manifest import Manifest
from conformance.places import fixtures_root, scenarios_root
from conformance.scenario import beacon_grant, beacon_split, control_manifests, load_library, render
from conformance.scenario.checks import stated_bundle
from conformance.spec import ApiGroup, ApiVersion

KINDS = read_kinds(fixtures_root() / "crds")


def _complaints(manifest: Manifest) -> list[str]:
    schema = KINDS[manifest.kind].schemas[manifest.api_version]
    body = {
        key: value for key, value in manifest.body.items() if key not in {"apiVersion", "kind", "metadata"}
    }
    return [*problems(body, schema), *unknown_fields(body, schema)]


@pytest.mark.parametrize("scenario", load_library(scenarios_root()), ids=lambda one: one.id)
def test_every_version_of_a_scenario_is_accepted(scenario, world, namespaces):
    """No shipped scenario writes what the schema of its version refuses or would prune."""
    for version in scenario.versions:
        rendered = render(scenario, version, stated_bundle(scenario.group, version), world, namespaces)
        manifests = [*rendered.grants, *(one for step in rendered.steps for one in step.apply)]
        assert [_complaints(one) for one in manifests] == [[]] * len(manifests)


@pytest.mark.parametrize("version", ApiVersion)
def test_own_grants_are_accepted(world, namespaces, version):
    """Controls and beacons are valid in every version of access."""
    bundle = stated_bundle(ApiGroup.ACCESS, version)
    topology = world.topology(namespaces)
    caller, shop = topology.workloads["smi-here/client-a"], topology.workloads["smi-here/shop"]
    manifests = [
        *control_manifests([(caller, shop, True)], bundle),
        *beacon_grant("n1", caller, bundle, namespace="smi-here"),
        beacon_split("beacon-blue", bundle, namespace="smi-here"),
    ]
    assert [_complaints(one) for one in manifests] == [[]] * len(manifests)
