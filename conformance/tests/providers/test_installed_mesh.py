"""An installed mesh as a provider: claims that the cluster bears out, and a clear word where it does not."""

from dataclasses import replace

import pytest

from conformance.errors import EnvironmentBrokenError, NotReadyError, UsageError
from conformance.model.scenario import Feature
from conformance.providers.installed import InstalledMesh
from conformance.providers.loading import find_profile
from conformance.providers.readiness import missing_in
from conformance.providers.shapes import installed_headers_shape
from conformance.spec import ApiGroup, ApiVersion
from conformance.tests.doubles.small_world import a_service

OSM_KINDS = {
    "TrafficTarget": ("v1alpha3",),
    "HTTPRouteGroup": ("v1alpha4",),
    "TCPRoute": ("v1alpha4",),
    "TrafficSplit": ("v1alpha2",),
}


@pytest.fixture
def osm(view, a_workload):
    """Open Service Mesh, installed whole."""
    view.kinds = dict(OSM_KINDS)
    for name in ("osm-bootstrap", "osm-controller", "osm-injector"):
        view.put(a_workload("Deployment", "osm-system", name))
    return InstalledMesh(find_profile("osm"), view)


def a_pod(*, containers=("probe", "envoy"), init=(), labels=None, annotations=None):
    """A pod as it is stored; by default with the sidecar of Open Service Mesh and its label."""
    labels = {"osm-proxy-uuid": "1"} if labels is None else labels
    return {
        "metadata": {"name": "p", "labels": labels, "annotations": annotations},
        "spec": {
            "containers": [{"name": one} for one in containers],
            "initContainers": [{"name": one} for one in init],
        },
    }


def test_served_is_what_is_claimed_and_installed(view, osm):
    """A version that only the cluster or only the profile has is not judged."""
    view.kinds["TrafficTarget"] = ("v1alpha2", "v1alpha3")
    view.kinds["UDPRoute"] = ("v1alpha4",)
    del view.kinds["TrafficSplit"]
    osm.start()
    assert osm.served() == {ApiGroup.ACCESS: (ApiVersion.V1ALPHA3,), ApiGroup.SPECS: (ApiVersion.V1ALPHA4,)}
    assert set(osm.kinds()) == {"TrafficTarget", "HTTPRouteGroup", "TCPRoute"}
    assert dict(osm.facts())["claimed, not installed"] == "TrafficSplit v1alpha2"


def test_mesh_that_serves_one_version_is_judged_in_that_one(view):
    """Two versions are claimed, one is installed."""
    view.kinds = {"TrafficSplit": ("v1alpha2",)}
    mesh = InstalledMesh(find_profile("linkerd-smi"), view)
    assert mesh.served() == {ApiGroup.SPLIT: (ApiVersion.V1ALPHA2,)}


def test_cluster_is_asked_once_what_it_serves(view, osm):
    """The suite asks before every scenario; the API server need not answer each time."""
    osm.start()
    before = view.asked
    for _ in range(5):
        osm.served()
    assert view.asked == before


def test_missing_part_of_the_mesh_is_named_with_the_way_to_install_it(view, osm):
    """Without its controller nothing would be refused or granted, and every verdict would be wrong."""
    view.objects = {ref: one for ref, one in view.objects.items() if ref.name != "osm-controller"}
    with pytest.raises(EnvironmentBrokenError) as caught:
        osm.start()
    assert "Deployment osm-system/osm-controller is not there" in caught.value.what
    assert "helm install osm" in caught.value.hint


@pytest.mark.parametrize(
    "kind,ready,replicas,words",
    [
        ("Deployment", 1, 2, "1 of 2 pods"),
        ("Deployment", 0, 0, "no pods to run"),
        ("DaemonSet", 1, 3, "1 of 3 pods"),
        ("DaemonSet", 3, 3, ""),
    ],
)
def test_part_that_is_not_ready_is_told(view, a_workload, kind, ready, replicas, words):
    """Pods that are not there yet cannot take in anybody."""
    view.kinds = {
        "TrafficTarget": ("v1alpha2",),
        "HTTPRouteGroup": ("v1alpha3",),
        "TrafficSplit": ("v1alpha3",),
    }
    controller, proxy = ("traefik-mesh-controller", "traefik-mesh-proxy")
    view.put(a_workload("Deployment", "traefik-mesh", controller))
    view.put(a_workload("DaemonSet", "traefik-mesh", proxy))
    name = proxy if kind == "DaemonSet" else controller
    view.put(a_workload(kind, "traefik-mesh", name, ready=ready, replicas=replicas))
    mesh = InstalledMesh(find_profile("traefik-mesh"), view)
    if words:
        with pytest.raises(EnvironmentBrokenError, match=words):
            mesh.start()
    else:
        mesh.start()


@pytest.mark.parametrize(
    "ready,replicas,words",
    [
        (0, 1, "osm-system/osm-controller went while the run was on: it is not ready: 0 of 1 pods are"),
        (0, 0, "it has no pods to run"),
        (1, 2, ""),
    ],
)
def test_part_that_goes_during_a_run_is_told(view, osm, a_workload, ready, replicas, words):
    """Scaled to nothing, or crashed; a roll-out that leaves one pod ready is no outage."""
    osm.start()
    view.put(a_workload("Deployment", "osm-system", "osm-controller", ready=ready, replicas=replicas))
    if words:
        with pytest.raises(EnvironmentBrokenError, match=words):
            osm.check_running()
    else:
        osm.check_running()


def test_account_that_may_not_look_at_the_mesh_can_still_judge_it(view, osm):
    """What was not looked at stands in the report; the pods show in the end whether the mesh works."""
    view.forbidden = {"Deployment"}
    osm.start()
    assert "osm-system/osm-controller: may not read Deployment" in dict(osm.facts())["not looked at"]


def test_mesh_none_of_whose_kinds_is_served_is_told(view, osm):
    """Without definitions there is nothing to apply; that is no verdict about the mesh."""
    view.kinds = {"UDPRoute": ("v1alpha4",)}
    with pytest.raises(EnvironmentBrokenError, match="none of the SMI kinds"):
        osm.start()


def test_mesh_that_cannot_be_judged_yet_is_refused_with_the_reason(view):
    """A mesh that wants what the suite does not do would be told failures that are the suite's."""
    withheld = replace(find_profile("osm"), withheld="pods have to be restarted by hand")
    with pytest.raises(UsageError, match="restarted by hand"):
        InstalledMesh(withheld, view).start()


def test_writer_serves_nothing_and_starts(view):
    """Everything is unsupported for a mesh that acts on no SMI object; that is no error."""
    mesh = InstalledMesh(find_profile("gloo-mesh"), view)
    mesh.start()
    assert mesh.served() == {}


@pytest.mark.parametrize(
    "pod,joined",
    [
        (a_pod(), True),
        (a_pod(containers=("probe",), init=("envoy",)), True),
        (a_pod(containers=("probe",)), False),
        (a_pod(labels={}), False),
    ],
    ids=["sidecar", "sidecar as an init container", "no sidecar", "no label of the injector"],
)
def test_pod_has_joined_when_it_has_all_that_the_mesh_gives(pod, joined):
    """A pod without proxy would be judged as if it had one."""
    assert (not missing_in(pod, find_profile("osm").joined_by)) is joined


def in_namespace(pod, name, **metadata):
    """The same pod with a name, in the namespace ``here-1``."""
    place = {"name": name, "namespace": "here-1", **metadata}
    return {"apiVersion": "v1", "kind": "Pod", **pod, "metadata": {**pod["metadata"], **place}}


def test_pod_without_its_proxy_is_named_before_anything_is_judged(view, osm):
    """An injector that did not act would make the bare cluster pass for the mesh."""
    view.put(in_namespace(a_pod(), "good"))
    osm.check_joined(["here-1"])
    view.put(in_namespace(a_pod(containers=("probe",)), "bare"))
    with pytest.raises(
        NotReadyError, match="Pod here-1/bare has not joined Open Service Mesh: no container 'envoy'"
    ):
        osm.check_joined(["here-1"])
    osm.check_joined(["outside-1"])


def test_mesh_that_takes_in_nobody_ends_the_run(view, osm):
    """The next scenario's pods would not join either, so that one message is enough."""
    for name in ("one", "two"):
        view.put(in_namespace(a_pod(containers=("probe",)), name))
    with pytest.raises(EnvironmentBrokenError, match="has not joined Open Service Mesh"):
        osm.check_joined(["here-1"])


def test_pod_that_is_going_need_not_have_joined(view, osm):
    """A pod of an earlier attempt that is being deleted receives nothing any more."""
    view.put(in_namespace(a_pod(containers=("probe",)), "old", deletionTimestamp="2026-01-01T00:00:00Z"))
    osm.check_joined(["here-1"])


def test_pod_has_joined_by_its_annotation():
    """Consul's sidecar has had several names; the annotation of its injector has not."""
    joined_by = find_profile("consul-hashicorp").joined_by
    status = {"consul.hashicorp.com/connect-inject-status": "injected"}
    assert not missing_in(a_pod(annotations=status), joined_by)
    assert missing_in(a_pod(annotations=None), joined_by)


def test_every_pod_has_joined_where_nothing_shows():
    """A proxy per node leaves no trace in a pod."""
    bare = a_pod(containers=("probe",), labels={})
    assert not missing_in(bare, find_profile("traefik-mesh").joined_by)


def test_profile_says_how_to_join_what_is_claimed_and_how_long_to_wait(osm):
    """What the runner asks a provider comes from the file."""
    assert osm.name == "osm"
    assert osm.profile.enrolment.namespace_labels == {"openservicemesh.io/monitored-by": "osm"}
    assert osm.profile.enrolment.namespace_annotations == {"openservicemesh.io/sidecar-injection": "enabled"}
    assert osm.features == {Feature.TCP, Feature.UNMESHED}
    assert osm.convergence.deadline.total_seconds() == 30
    assert osm.convergence.window.total_seconds() == 3


@pytest.mark.parametrize(
    "name,host", [("osm", "shop.here.svc.cluster.local"), ("traefik-mesh", "shop.here.traefik.mesh")]
)
def test_profile_says_by_which_host_a_service_is_called(view, name, host):
    """Where the Service's own name leads past the mesh, it is the mesh's."""
    assert InstalledMesh(find_profile(name), view).host(a_service("here/shop")) == host


def test_facts_say_that_a_profile_was_never_tried(view):
    """A reader of a report has to know how far to trust the profile."""
    mesh = InstalledMesh(find_profile("linkerd-smi"), view)
    assert dict(mesh.facts())["profile tried"] == "never: its facts were only read"


def test_facts_say_what_was_tried_and_what_deviates(osm):
    """Each fact has a name of its own."""
    osm.start()
    facts = osm.facts()
    assert len(facts) == len(dict(facts))
    assert "(2026-11-25)" in dict(facts)["profile tried"]
    assert "https://github.com/openservicemesh/osm/" in dict(facts)["known deviations"]


def a_definition(kind, version="v1alpha4"):
    """The definition of HTTPRouteGroup with headers of some type."""
    headers = {"type": kind} if kind else {}
    matches = {"type": "array", "items": {"properties": {"headers": headers}}}
    root = {"properties": {"matches": matches}}
    schema = root if version in {"v1alpha1", "v1alpha2"} else {"properties": {"spec": root}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "httproutegroups.specs.smi-spec.io"},
        "spec": {"versions": [{"name": version, "schema": {"openAPIV3Schema": schema}}]},
    }


@pytest.mark.parametrize(
    "kind,shape", [("object", "map"), ("array", "list"), ("", "list")], ids=["a map", "a list", "left open"]
)
def test_headers_are_written_as_the_installed_definition_wants(view, osm, kind, shape):
    """What is installed decides; where it leaves the shape open, the profile's word counts."""
    view.put(a_definition(kind))
    osm.start()
    assert osm.headers_shape == shape


@pytest.mark.parametrize("version", list(ApiVersion), ids=lambda one: one.value)
def test_headers_are_found_where_each_version_has_them(version):
    """Up to v1alpha2 a route group's matches stand at the root, from v1alpha3 on below its spec."""
    assert installed_headers_shape(a_definition("array", version.value), version) == "list"


def test_unreadable_definition_leaves_the_profiles_word(view, osm):
    """Reading definitions is a right that an account can do without."""
    view.forbidden = {"CustomResourceDefinition"}
    osm.start()
    assert osm.headers_shape == "list"
