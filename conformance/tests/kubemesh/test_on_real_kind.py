"""The reference mesh in a real cluster: what it lets through, what it refuses, and that it leaves nothing behind."""

import json
import time

import pytest

from conformance.kubemesh import install, set_faults, status, uninstall
from conformance.model.traffic import Ending
from conformance.places import fixtures_root
from conformance.scenario.world import load_manifests
from conformance.tests.kubemesh.real_mesh import (
    CLIENT_A,
    CLIENT_B,
    HERE,
    OUTSIDE,
    OUTSIDER,
    SHOP,
    SHORT,
    ask,
    granted,
    inventory,
    pod_address,
    run_in,
    until,
)

pytestmark = pytest.mark.kind


@pytest.mark.parametrize("port", [8080, 9090])
def test_granted_call_gets_through(cluster, port):
    """By the Service and straight to the pod's address; SMI v1alpha2 grants every port."""
    assert ask(cluster, CLIENT_A, port=port) == 200
    assert ask(cluster, CLIENT_A, pod_address(cluster, SHOP), port) == 200


@pytest.mark.parametrize(
    ("source", "path"), [(CLIENT_B, "/ok"), (CLIENT_A, "/no")], ids=["another caller", "another path"]
)
def test_what_is_not_granted_is_refused(cluster, source, path):
    """The grant names one caller and one path."""
    assert ask(cluster, source, path=path) == 403
    assert ask(cluster, source, pod_address(cluster, SHOP), path=path) == 403


@pytest.mark.parametrize("port", [8080, 8300, 15000, 15001, 15006, 4444])
def test_caller_without_identity_gets_nowhere(cluster, port):
    """Not by plain HTTP, raw TCP, the proxy's own ports, nor a port that nobody declared."""
    plan = {"port": port, "path": "/ok"}
    ended = ask(cluster, OUTSIDER, pod_address(cluster, SHOP), **plan)
    assert ended not in {200, Ending.ANSWERED}
    assert ask(cluster, CLIENT_A) == 200, "the attempt does the sidecar no harm"


def test_raw_tcp_is_refused_and_the_rest_of_the_world_is_not(cluster):
    """A grant of routes opens no raw TCP; pods outside the mesh are called as before."""
    assert ask(cluster, CLIENT_A, port=8300) is not Ending.ANSWERED
    assert ask(cluster, CLIENT_A, f"outsider.{OUTSIDE}") == 200
    assert ask(cluster, CLIENT_A, f"outsider.{OUTSIDE}", 8300) is Ending.ANSWERED


def test_change_is_acted_on_by_every_sidecar(cluster):
    """Another caller is let in, and the first one no more."""
    cluster.apply(granted("client-b"))
    until(lambda: ask(cluster, CLIENT_B) == 200, "client-b is let in")
    until(lambda: ask(cluster, CLIENT_A) == 403, "client-a is not let in")
    cluster.apply(granted("client-a"))
    until(lambda: ask(cluster, CLIENT_A) == 200, "client-a is let in")


def test_fault_holds_when_setting_it_returns(cluster, place):
    """A suite that tests its own tests must know when the mesh is wrong, and when it is right again."""
    set_faults(place.api, ("accepts-unmeshed-callers",))
    assert ask(cluster, OUTSIDER, pod_address(cluster, SHOP)) == 200
    assert "accepts-unmeshed-callers" in status(place.api)
    set_faults(place.api, ())
    assert ask(cluster, OUTSIDER, pod_address(cluster, SHOP)) != 200


def test_control_plane_that_dies_loses_and_opens_nothing(cluster, place, mesh):
    """Sidecars keep their last policy, and certificates are renewed meanwhile."""
    old = replicas(place)
    for one in old:
        place.rest.delete(f"/api/v1/namespaces/smi-reference-mesh/pods/{one}")
    deadline = time.monotonic() + SHORT.total_seconds()
    while time.monotonic() < deadline:
        assert ask(cluster, CLIENT_A, count=50) == 200
        assert ask(cluster, CLIENT_A, count=50, keep_alive=True) == 200
        assert ask(cluster, CLIENT_B, count=50) == 403
    install(place.api, mesh, print)  # waits for the new replicas, and changes nothing besides
    assert not set(old) & set(replicas(place))
    cluster.apply(granted("client-b"))
    until(lambda: ask(cluster, CLIENT_A) == 403, "new replicas steer the old sidecars")
    cluster.apply(granted("client-a"))
    until(lambda: ask(cluster, CLIENT_A) == 200, "and back")


def replicas(place):
    pods = place.rest.get("/api/v1/namespaces/smi-reference-mesh/pods", labelSelector="app=control-plane")
    return [one["metadata"]["name"] for one in pods["items"]]


def test_sidecar_without_a_policy_denies(cluster, place, mesh):
    """A pod that starts while no control plane answers is not ready and calls nobody."""
    scale(place, 0)
    victim = next(one for one in cluster.pods() if one.workload == CLIENT_A).ref.name
    try:
        end_sidecar(place, victim)
        until(lambda: not is_ready(cluster, CLIENT_A), "the sidecar has lost everything")
        assert ask_anyway(place, victim) == "URLError"
    finally:
        scale(place, mesh.replicas)
        install(place.api, mesh, print)
    until(lambda: is_ready(cluster, CLIENT_A), "it is fed again")
    until(lambda: ask(cluster, CLIENT_A) == 200, "and lets through what is granted")


def scale(place, count):
    path = "/apis/apps/v1/namespaces/smi-reference-mesh/deployments/control-plane"
    place.rest.patch(path, {"spec": {"replicas": count}})
    until(lambda: len(replicas(place)) == count, f"{count} replicas are there")


def is_ready(cluster, workload):
    return any(one.ready for one in cluster.pods() if one.workload == workload)


def end_sidecar(place, pod):
    run_in(place, HERE, pod, "smi-proxy", "import os; os.kill(1, 15)")


def ask_anyway(place, pod):
    """Call from a pod that is not ready."""
    program = (
        "import urllib.request as u\n"
        f"try: print(u.urlopen('http://shop.{HERE}:8080/ok', timeout=3).status)\n"
        "except OSError as error: print(type(error).__name__)"
    )
    return run_in(place, HERE, pod, "probe", program)


def test_token_for_somebody_else_gets_no_certificate(cluster, place):
    """A token of the same pod's account, made for the API server, is refused; so is one bound to no pod."""
    path = f"/api/v1/namespaces/{HERE}/serviceaccounts/client-a/token"
    for audiences in (["https://kubernetes.default.svc.cluster.local"], ["smi-reference-mesh"]):
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"audiences": audiences},
        }
        token = place.rest.post(path, body)["status"]["token"]
        assert enrol(place, token) == "403"


def enrol(place, token):
    """Ask for a certificate from a pod outside the mesh, as an attacker with a stolen token would."""
    program = (
        "import urllib.request as u, urllib.error as e, ssl\n"
        "c = ssl._create_unverified_context()\n"
        "url = 'https://control-plane.smi-reference-mesh.svc:15010/certificate'\n"
        f"r = u.Request(url, data=b'x', headers={{'Authorization': 'Bearer {token}'}})\n"
        "try: print(u.urlopen(r, context=c, timeout=10).status)\n"
        "except e.HTTPError as error: print(error.code)"
    )
    return run_in(place, OUTSIDE, "deploy/outsider", "probe", program)


def test_installing_again_changes_nothing(cluster, place, mesh):
    """Sidecars stay connected to the same replicas, under the same authority."""
    before = replicas(place), authority(place)
    install(place.api, mesh, print)
    assert (replicas(place), authority(place)) == before


def authority(place):
    return place.rest.get("/api/v1/namespaces/smi-reference-mesh/secrets/authority")["data"]


def test_every_version_of_a_kind_is_served(cluster, place):
    """What was written in v1alpha2 is read in any, and comes back as it was."""
    for version in ("v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"):
        found = place.rest.get(f"/apis/access.smi-spec.io/{version}/namespaces/{HERE}/traffictargets/shop")
        assert found["apiVersion"].endswith(version)
    back = place.rest.get(f"/apis/access.smi-spec.io/v1alpha2/namespaces/{HERE}/traffictargets/shop")
    assert back["spec"] == json.loads(json.dumps(granted("client-a")[1].body["spec"]))


def test_status_counts_sidecars_and_definitions(cluster, place):
    """A person sees at a glance whether everybody has everything."""
    said = status(place.api)
    assert "2 of 2 replicas ready" in said
    assert "v1alpha1, v1alpha2, v1alpha3, v1alpha4; installed by this mesh" in said
    assert "lags behind" not in said


def test_nothing_is_left_behind(cluster, place, mesh):
    """Every object of the cluster is compared with what was there before the installation."""
    cluster.close()
    uninstall(place.api, print)
    uninstall(place.api, print)
    assert inventory(place.rest) == place.before
    assert status(place.api) == "The reference mesh is not installed."


def test_crd_of_somebody_else_stays_as_it_is(place, mesh):
    """It is used, and neither changed nor removed; runs last, on a cluster without the mesh."""
    uninstall(place.api, print)
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    (body,) = load_manifests(fixtures_root() / "crds" / "tcproutes.yaml")
    made = place.rest.post(crds, dict(body.body))
    try:
        install(place.api, mesh, print)
        assert f"{body.name}: v1alpha1, v1alpha2, v1alpha3, v1alpha4; installed by somebody else" in status(
            place.api
        )
        uninstall(place.api, print)
        left = place.rest.get(f"{crds}/{body.name}")
        assert (left["metadata"]["uid"], left["spec"]) == (made["metadata"]["uid"], made["spec"])
    finally:
        place.rest.delete(f"{crds}/{body.name}")
