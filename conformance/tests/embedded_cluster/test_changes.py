"""How objects change: in one piece, seen once, numbered."""

import pytest

from conformance.cluster.protocol import Change
from conformance.errors import ManifestRefusedError
from conformance.model.manifest import Manifest, ObjectRef
from conformance.tests.doubles.objects import (
    a_deployment,
    a_namespace,
    a_service,
    a_split,
    a_target,
    an_account,
)

SPLIT = ObjectRef("TrafficSplit", "here", "website")


@pytest.fixture
def changes(cluster) -> list[Change]:
    seen: list[Change] = []
    cluster.watch(seen.append)
    seen.clear()
    return seen


def test_apply_stores_all_or_nothing(cluster, changes):
    """One bad manifest among good ones: none is stored, and watchers hear nothing."""
    with pytest.raises(ManifestRefusedError):
        cluster.apply([an_account(), a_split(weight="x")])
    assert cluster.read(ObjectRef("ServiceAccount", "here", "shop")) is None
    assert changes == []


def test_apply_is_one_change(cluster, changes):
    """A watcher sees an apply of several objects in one piece, with what controllers add."""
    cluster.apply([a_namespace("there"), an_account(namespace="there"), a_split()])
    (change,) = changes
    assert {one.ref for one in change.stored} == {
        ObjectRef("Namespace", "", "there"),
        ObjectRef("ServiceAccount", "there", "shop"),
        ObjectRef("ServiceAccount", "there", "default"),
        SPLIT,
    }


def test_apply_of_the_same_is_no_change(cluster, changes):
    """Watchers are not woken for nothing, and the resourceVersion stays."""
    cluster.apply([a_split()])
    stored = cluster.read(SPLIT)
    cluster.apply([a_split()])
    assert cluster.read(SPLIT) is stored
    assert len(changes) == 1


def test_watcher_starts_with_everything(cluster):
    """Whoever comes late hears of what is there already."""
    cluster.apply([a_split()])
    seen: list[Change] = []
    cluster.watch(seen.append)
    assert SPLIT in {one.ref for one in seen[0].stored}


def test_update_keeps_the_uid_and_counts_up(cluster):
    """An object keeps its identity when its spec changes; generation and resourceVersion grow."""
    cluster.apply([a_split(weight=50)])
    before = cluster.read(SPLIT).body["metadata"]
    cluster.apply([a_split(weight=60)])
    after = cluster.read(SPLIT).body["metadata"]
    assert after["uid"] == before["uid"]
    assert after["creationTimestamp"] == before["creationTimestamp"]
    assert (before["generation"], after["generation"]) == (1, 2)
    assert int(after["resourceVersion"]) > int(before["resourceVersion"])


def test_label_does_not_change_the_generation(cluster):
    """The generation counts changes of what is desired, and a label is none."""
    cluster.apply([an_account()])
    metadata = {"name": "shop", "namespace": "here", "labels": {"tier": "web"}}
    cluster.apply([Manifest({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})])
    stored = cluster.read(ObjectRef("ServiceAccount", "here", "shop"))
    assert stored.body["metadata"]["generation"] == 1
    assert stored.body["metadata"]["labels"] == {"tier": "web"}


def test_versions_of_a_kind_share_their_names(cluster):
    """An object that is applied in another version replaces the first; there are not two of them."""
    cluster.apply([a_target("v1alpha3")])
    cluster.apply([a_target("v1alpha2")])
    assert [one.api_version for one in cluster.list("TrafficTarget")] == ["access.smi-spec.io/v1alpha2"]


def test_delete_is_one_change_and_forgives_what_is_gone(cluster, changes):
    """Deleting two objects and one that never was is seen once."""
    cluster.apply([a_split(), an_account()])
    changes.clear()
    refs = (SPLIT, ObjectRef("ServiceAccount", "here", "shop"))
    cluster.delete([*refs, ObjectRef("Service", "here", "never-was")])
    assert [set(change.deleted) for change in changes] == [set(refs)]


def test_namespace_takes_along_what_is_in_it(cluster, changes):
    """Deleting a Namespace deletes its objects, and those of other namespaces stay."""
    cluster.apply([a_namespace("there"), an_account(namespace="there"), an_account()])
    cluster.delete([ObjectRef("Namespace", "", "there")])
    assert cluster.list("ServiceAccount", "there") == ()
    assert cluster.read(ObjectRef("ServiceAccount", "here", "shop")) is not None
    assert len(changes[-1].deleted) == 3


def test_service_keeps_the_address_it_was_given(cluster):
    """A Service has an address from the start, another than its neighbour's, and keeps it when it changes."""
    cluster.apply([a_service(), a_service("bank")])
    first, second = (one.body["spec"]["clusterIP"] for one in cluster.list("Service"))
    cluster.apply([a_service(selector={"app": "bank"})])
    assert first != second
    assert cluster.read(ObjectRef("Service", "here", "shop")).body["spec"]["clusterIP"] == first


def test_defaults_are_stored(cluster):
    """Whoever reads an object back sees what holds where its manifest said nothing."""
    cluster.apply([a_service(), a_deployment(replicas=0)])
    assert cluster.read(ObjectRef("Service", "here", "shop")).body["spec"]["type"] == "ClusterIP"
    assert cluster.read(ObjectRef("Service", "here", "shop")).body["spec"]["ports"][0]["protocol"] == "TCP"


def test_manifest_is_not_the_stored_object(cluster):
    """Changing a manifest after it was applied changes nothing in the cluster."""
    manifest = a_split(weight=50)
    cluster.apply([manifest])
    manifest.body["spec"]["backends"][0]["weight"] = 1
    assert cluster.read(SPLIT).body["spec"]["backends"][0]["weight"] == 50
