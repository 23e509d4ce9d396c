"""Who is there: the sample world as a topology, and as manifests for some of its workloads."""

import pytest

from conformance.errors import ScenarioError
from conformance.model.topology import AppProtocol
from conformance.scenario import load_manifests, load_world


def test_world_is_complete(world):
    """Every Service of the sample world leads to a workload that listens where it points."""
    for service in world.symbolic.services.values():
        for workload in world.symbolic.behind(service):
            listened = {(port.number, port.protocol) for port in workload.ports}
            assert {(port.target_port, port.protocol) for port in service.ports} <= listened


def test_root_service_leads_to_all_versions(world):
    """The Service website selects the pods of every version, as the spec's workflow has it."""
    root = world.symbolic.services["here/website"]
    assert [one.name for one in world.symbolic.behind(root)] == ["website-v1", "website-v2", "website-v3"]


def test_only_the_outsider_is_outside_the_mesh(world):
    """The namespace's label decides who has a proxy."""
    assert [key for key, one in world.symbolic.workloads.items() if not one.meshed] == ["outside/outsider"]


def test_lookalike_differs_from_client_a_by_account_only(world):
    """The lookalike carries client-a's label and another account."""
    client, lookalike = (world.symbolic.workloads[f"here/{name}"] for name in ("client-a", "lookalike"))
    assert client.labels.items() <= lookalike.labels.items()
    assert client.identity != lookalike.identity


def test_topology_has_actual_keys(world, namespaces):
    """A run's topology speaks of its own namespaces, everywhere."""
    topology = world.topology(namespaces)
    assert topology.workloads["smi-here/shop"].identity.namespace == "smi-here"
    assert topology.services["smi-here/shop"].fqdn == "shop.smi-here.svc.cluster.local"
    assert {port.protocol for port in topology.services["smi-here/shop"].ports} == set(AppProtocol)


def test_topology_of_some_workloads_keeps_services(world, namespaces):
    """A Service stays where it is though nobody behind it runs."""
    topology = world.topology(namespaces, {"smi-here/client-a"})
    assert list(topology.workloads) == ["smi-here/client-a"]
    assert topology.behind(topology.services["smi-here/shop"]) == ()


def test_manifests_of_one_workload_are_what_it_needs(world, namespaces):
    """Its account, its Deployment, the Services that lead to it, and all namespaces before them."""
    manifests = world.manifests(namespaces, {"smi-here/website-v1"})
    assert [str(one.ref) for one in manifests] == [
        "Namespace smi-here",
        "Namespace smi-there",
        "Namespace smi-outside",
        "ServiceAccount smi-here/website-v1",
        "Deployment smi-here/website-v1",
        "Service smi-here/website-v1",
        "Service smi-here/website",
    ]


def test_manifests_of_all_are_the_whole_file(world, namespaces):
    """Without a choice everything is applied."""
    assert len(world.manifests(namespaces)) == len(world.objects)


def test_shared_account_is_applied_once_for_either_workload(world, namespaces):
    """The two beacons run as one account, which each of them needs."""
    for name in ("beacon-blue", "beacon-green"):
        accounts = [
            one for one in world.manifests(namespaces, {f"smi-here/{name}"}) if one.kind == "ServiceAccount"
        ]
        assert [one.name for one in accounts] == ["beacon"]


def test_unknown_workload_is_named(world, namespaces):
    """To ask for a workload that is not there is a mistake with a list of those that are."""
    with pytest.raises(ScenarioError, match="no workload 'smi-here/nobody'"):
        world.manifests(namespaces, {"smi-here/nobody"})


def test_manifests_of_a_file_are_read_in_order(tmp_path):
    """Ordinary manifests keep the order of their file; empty documents are nothing."""
    text = "---\n".join(
        f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n" for name in ("b", "a")
    )
    (tmp_path / "policy.yaml").write_text(f"{text}---\n", encoding="utf-8")
    assert [one.name for one in load_manifests(tmp_path / "policy.yaml")] == ["b", "a"]


def test_text_that_is_no_manifest_is_refused(tmp_path):
    """A document without kind is told so."""
    (tmp_path / "policy.yaml").write_text("name: x\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match="is no manifest"):
        load_manifests(tmp_path / "policy.yaml")


def test_object_twice_is_refused(tmp_path):
    """A world names each object once."""
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: here}\n"
    (tmp_path / "world.yaml").write_text(f"{namespace}---\n{namespace}", encoding="utf-8")
    with pytest.raises(ScenarioError, match="Namespace here stands twice") as caught:
        load_world(tmp_path / "world.yaml")
    assert caught.value.where.endswith(":5")
