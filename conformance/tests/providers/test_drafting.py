"""The first profile of an unknown mesh: what the cluster shows, and what only a person can say."""

import pytest

from conformance.errors import ScenarioError
from conformance.providers.drafting import draft_profile
from conformance.providers.loading import load_profile
from conformance.providers.seeing import Seen, look_around
from conformance.spec import ApiVersion


@pytest.fixture
def seen(view, a_workload):
    """A cluster with a mesh that no profile knows."""
    view.kinds = {"TrafficTarget": ("v1alpha3",), "HTTPRouteGroup": ("v1alpha4",)}
    view.put(a_workload("Deployment", "acme", "acme-mesh-brain", image="reg.example:5000/acme/brain:7"))
    view.put(a_workload("Deployment", "acme", "acme-mesh-proxy", image="acme/proxy:7"))
    view.put(a_workload("Deployment", "shop", "db", image="postgres:16"))
    view.put(a_workload("Deployment", "kube-system", "coredns-control", image="coredns:1"))
    labels = {"acme.example/join": "yes", "kubernetes.io/metadata.name": "shop"}
    view.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": labels}})
    return look_around(view)


def test_draft_has_what_the_cluster_shows(seen):
    """Likely parts of the mesh and the served versions stand in it; the rest stands in comments."""
    text = draft_profile(seen, "acme")
    assert "images: [acme/brain, acme/proxy]" in text
    assert "TrafficTarget: [v1alpha3]" in text
    assert "workloads: [Deployment acme/acme-mesh-brain, Deployment acme/acme-mesh-proxy]" in text
    assert "# - Deployment shop/db: postgres:16" in text
    assert '# - shop: {"acme.example/join": "yes"' in text
    assert "coredns" not in text


def test_draft_is_refused_until_somebody_says_how_pods_join(seen, tmp_path):
    """An unfinished draft must not judge the bare cluster; the message leads to the gap."""
    path = tmp_path / "acme.yaml"
    path.write_text(draft_profile(seen, "acme"), encoding="utf-8")
    with pytest.raises(ScenarioError, match="leads a call through the mesh") as caught:
        load_profile(path)
    line = int(caught.value.where.rpartition(":")[2])
    assert path.read_text(encoding="utf-8").splitlines()[line - 1] == "join:"


def test_filled_in_draft_is_a_profile(seen, tmp_path):
    """With that one gap filled the draft can be used, and claims nothing beyond what is served."""
    text = draft_profile(seen, "acme").replace(
        "namespace_labels: {}", "namespace_labels: {acme.example/join: yes-please}"
    )
    path = tmp_path / "acme.yaml"
    path.write_text(text, encoding="utf-8")
    profile = load_profile(path)
    assert profile.kinds == {
        "TrafficTarget": (ApiVersion.V1ALPHA3,),
        "HTTPRouteGroup": (ApiVersion.V1ALPHA4,),
    }
    assert profile.features == frozenset()
    assert not profile.was_run


def test_draft_of_an_empty_cluster_is_yaml(tmp_path):
    """Where nothing shows, the draft still is a file that the reader understands up to its gap."""
    path = tmp_path / "my-mesh.yaml"
    path.write_text(draft_profile(Seen(unseen=("DaemonSet: forbidden\nfor you",))), encoding="utf-8")
    with pytest.raises(ScenarioError, match="leads a call through the mesh"):
        load_profile(path)


def test_looking_around_notes_what_nobody_may_see(view, a_workload):
    """What is forbidden is told, and the rest is looked at all the same."""
    view.put(a_workload("Deployment", "acme", "brain"))
    view.forbidden = {"Namespace"}
    found = look_around(view)
    assert [str(one) for one in found.workloads] == ["Deployment acme/brain"]
    assert found.unseen == ("Namespace: may not read Namespace",)


def test_runs_of_the_suite_are_no_part_of_what_is_found(view, a_workload):
    """Another run's workloads belong to no mesh, and its namespaces show nobody how to join."""
    labels = {"smi-conformance/run": "abc", "smi-conformance/mesh": "enabled"}
    view.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "here-abc", "labels": labels}})
    view.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "acme"}})
    view.put(a_workload("Deployment", "here-abc", "client-a", image="smi-conformance/probe:1"))
    view.put(a_workload("Deployment", "acme", "brain"))
    found = look_around(view)
    assert [str(one) for one in found.workloads] == ["Deployment acme/brain"]
    assert set(found.namespaces) == {"acme"}
