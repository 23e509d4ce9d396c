"""What a cluster gets for the world's manifests."""

import pytest

from conformance.cluster.kubernetes.rendering import Owner, meshed_namespaces, rendered
from conformance.cluster.kubernetes.settings import Enrolment, KubernetesSettings
from conformance.model.manifest import Manifest
from conformance.places import fixtures_root
from conformance.scenario import load_world
from conformance.scenario.world import MESH_LABEL

OWNER = Owner(name="smi-run-r1", uid="u1")
ENROLMENT = Enrolment(
    namespace_labels={"mesh/in": "yes"},
    namespace_annotations={"mesh/inject": "enabled"},
    pod_labels={"mesh/pod": "yes"},
    pod_annotations={"mesh/sidecar": "on"},
)


def _render(enrolment=ENROLMENT):
    settings = KubernetesSettings(
        run_id="r1", name="c", probe_image="registry/probe:1", pull_policy="Never", enrolment=enrolment
    )
    world = load_world(fixtures_root() / "world" / "world.yaml")
    manifests = world.manifests({name: f"{name}-r1" for name in world.namespaces})
    meshed = meshed_namespaces(manifests)
    found = (rendered(one, settings, OWNER, meshed) for one in manifests)
    return {one.ref: one.body for one in found}


def _of(kind, namespace, name, **options):
    return next(
        body
        for ref, body in _render(**options).items()
        if (ref.kind, ref.namespace, ref.name) == (kind, namespace, name)
    )


def _template(namespace, name, **options):
    return _of("Deployment", namespace, name, **options)["spec"]["template"]


def _container(namespace, name):
    return _template(namespace, name)["spec"]["containers"][0]


def test_everything_carries_the_label_of_its_run_pods_included():
    """What lacks it would be left behind, or be taken for somebody else's."""
    for ref, body in _render().items():
        assert body["metadata"]["labels"]["smi-conformance/run"] == "r1", ref
        if ref.kind == "Deployment":
            assert body["spec"]["template"]["metadata"]["labels"]["smi-conformance/run"] == "r1"


def test_namespaces_are_owned_by_the_run_and_nothing_else_is():
    """The cluster deletes what is owned; an owner that is in no namespace cannot own what is in another."""
    owner = {"apiVersion": "v1", "kind": "Namespace", "name": "smi-run-r1", "uid": "u1"}
    for ref, body in _render().items():
        assert body["metadata"].get("ownerReferences") == ([owner] if ref.kind == "Namespace" else None)


def test_meshed_namespace_says_it_as_the_provider_wants_it():
    """The world's own label goes, and labels and annotations of the provider come."""
    metadata = _of("Namespace", "", "here-r1")["metadata"]
    assert metadata["labels"] == {"smi-conformance/run": "r1", "mesh/in": "yes"}
    assert metadata["annotations"] == {"mesh/inject": "enabled"}


def test_namespace_outside_the_mesh_hears_nothing_of_it():
    """Nor do its pods."""
    metadata = _of("Namespace", "", "outside-r1")["metadata"]
    assert metadata["labels"] == {"smi-conformance/run": "r1"}
    assert "annotations" not in metadata
    assert "annotations" not in _template("outside-r1", "outsider")["metadata"]


def test_meshed_pods_say_it_as_the_provider_wants_it():
    """Their own labels stay: Services select by them."""
    metadata = _template("here-r1", "shop")["metadata"]
    assert metadata["labels"] == {"app": "shop", "smi-conformance/run": "r1", "mesh/pod": "yes"}
    assert metadata["annotations"] == {"mesh/sidecar": "on"}


def test_reference_mesh_takes_the_label_as_it_stands():
    """Without an enrolment of another provider, the world's label is what counts."""
    settings = KubernetesSettings(run_id="r1", name="c", probe_image="p")
    metadata = _of("Namespace", "", "here-r1", enrolment=settings.enrolment)["metadata"]
    assert metadata["labels"][MESH_LABEL[0]] == MESH_LABEL[1]


def test_probe_container_gets_its_image_and_its_environment():
    """The workload's key, every address, and a socket in a volume that can be written."""
    container = _container("here-r1", "shop")
    assert (container["image"], container["imagePullPolicy"]) == ("registry/probe:1", "Never")
    environment = {one["name"]: one["value"] for one in container["env"]}
    assert environment == {
        "SMI_WORKLOAD": "here-r1/shop",
        "SMI_BIND": "0.0.0.0",
        "SMI_SOCKET": "/run/smi/probe.sock",
    }
    assert "--http=8080" in container["args"]


def test_pod_whose_name_stays_is_a_workload_of_its_own():
    """The cluster fills in the name of each pod of a StatefulSet."""
    template = _of("StatefulSet", "here-r1", "till")["spec"]["template"]
    names = [one["name"] for one in template["spec"]["containers"][0]["env"]]
    assert names[0] == "SMI_POD"
    environment = {one["name"]: one.get("value") for one in template["spec"]["containers"][0]["env"]}
    assert environment["SMI_WORKLOAD"] == "here-r1/$(SMI_POD)"


@pytest.mark.parametrize(
    ("kind", "name"), [("DaemonSet", "scanner"), ("Job", "stocktake"), ("ReplicationController", "kiosk")]
)
def test_pods_of_other_owners_are_prepared_alike(kind, name):
    """Labels of the run, the image, and the owner's name for a key."""
    template = _of(kind, "here-r1", name)["spec"]["template"]
    assert template["metadata"]["labels"]["smi-conformance/run"] == "r1"
    (container,) = template["spec"]["containers"]
    assert {"name": "SMI_WORKLOAD", "value": f"here-r1/{name}"} in container["env"]


def test_socket_lies_in_a_volume_of_the_pod():
    """The root file system cannot be written."""
    spec = _template("here-r1", "shop")["spec"]
    mount = spec["containers"][0]["volumeMounts"][0]
    assert mount["mountPath"] == "/run/smi"
    assert spec["volumes"] == [{"name": mount["name"], "emptyDir": {}}]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("runAsUser", 10001),
        ("runAsNonRoot", True),
        ("readOnlyRootFilesystem", True),
        ("allowPrivilegeEscalation", False),
        ("capabilities", {"drop": ["ALL"]}),
        ("seccompProfile", {"type": "RuntimeDefault"}),
    ],
)
def test_probe_container_has_no_privileges(field, value):
    """On the container, since a mesh's own containers in the pod may need what the probe does not."""
    assert _container("here-r1", "client-a")["securityContext"][field] == value
    assert "securityContext" not in _template("here-r1", "client-a")["spec"]


def test_container_that_is_no_probe_stays_as_it_is():
    """A fixture may bring another one."""
    other = {"name": "other", "image": "somebody/else:1"}
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d", "namespace": "n"},
        "spec": {"template": {"metadata": {}, "spec": {"containers": [other]}}},
    }
    settings = KubernetesSettings(run_id="r1", name="c", probe_image="p")
    found = rendered(Manifest(body), settings, OWNER, frozenset())
    assert found.body["spec"]["template"]["spec"]["containers"] == [other]


def test_policy_gets_a_label_and_nothing_else():
    """What is under test is applied as the scenario wrote it."""
    body = {
        "apiVersion": "specs.smi-spec.io/v1alpha4",
        "kind": "TCPRoute",
        "metadata": {"name": "r", "namespace": "n", "annotations": {"a": "b"}},
        "spec": {"matches": {"ports": [1]}},
    }
    settings = KubernetesSettings(run_id="r1", name="c", probe_image="p", enrolment=ENROLMENT)
    found = rendered(Manifest(body), settings, OWNER, frozenset({"n"})).body
    metadata = {**body["metadata"], "labels": {"smi-conformance/run": "r1"}}
    assert found == {**body, "metadata": metadata}


def test_manifests_of_the_world_are_left_as_they_were():
    """A manifest is never changed in place: the oracle reads the same ones."""
    assert _render() == _render()
    world = load_world(fixtures_root() / "world" / "world.yaml")
    assert all("smi-conformance/run" not in one.body["metadata"].get("labels", {}) for one in world.objects)
