"""How a mesh joins the embedded cluster: it is asked about each pod, and its sidecars live with the pods."""

import os
import signal
import sys
from datetime import timedelta

import pytest

from conformance.cluster.protocol import Sandbox, Sidecar
from conformance.errors import EnvoyMissingError, NotReadyError
from conformance.model.manifest import Manifest, ObjectRef
from conformance.tests.doubles.objects import a_deployment, a_namespace, a_service

ENOUGH = timedelta(seconds=20)
SIDECAR = """
import os, time
print('sidecar', os.getpid(), os.environ['COLOUR'], flush=True)
time.sleep(99)
"""


class SmallMesh:
    """Gives pods of namespaces with the label ``mesh`` a process that sleeps; ready when it has spoken."""

    def __init__(self) -> None:
        self.asked: list[Sandbox] = []
        self.gone: list[ObjectRef] = []
        self.known: dict[ObjectRef, Manifest] = {}
        self.is_ready = True

    def inject(self, sandbox: Sandbox) -> Sidecar | None:
        self.asked.append(sandbox)
        namespace = self.known[ObjectRef("Namespace", "", sandbox.pod.namespace)]
        if "mesh" not in namespace.body["metadata"]["labels"]:
            return None
        log = sandbox.directory / "small.log"
        return Sidecar(
            argv=(sys.executable, "-c", SIDECAR),
            environment={"COLOUR": "red"},
            log_name=log.name,
            is_ready=lambda: self.is_ready and log.exists() and b"\n" in log.read_bytes(),
        )

    def removed(self, pod: ObjectRef) -> None:
        self.gone.append(pod)


@pytest.fixture
def mesh(cluster) -> SmallMesh:
    small = SmallMesh()
    cluster.join(small)
    cluster.watch(lambda change: small.known.update({one.ref: one for one in change.stored}))
    return small


MESHED = [a_namespace("meshed", mesh="on"), a_deployment(namespace="meshed", ports=[8080])]


def sidecar_pid(mesh: SmallMesh) -> int:
    return int((mesh.asked[0].directory / "small.log").read_text().split()[-2])


def test_injector_is_asked_with_the_addresses_of_the_pod(cluster, mesh, ask_app):
    """The sidecar gets the pod's address, the app one of its own; the stored Pod says so."""
    cluster.apply(MESHED)
    cluster.await_ready(["meshed/shop"], ENOUGH)
    (pod,), (sandbox,) = cluster.list("Pod"), mesh.asked
    assert sandbox.address == sandbox.pod.body["status"]["podIP"] == pod.body["status"]["podIP"]
    assert pod.body["metadata"]["annotations"] == {
        "smi-conformance/sidecar": "true",
        "smi-conformance/app-address": sandbox.app_address,
    }
    assert ask_app("meshed/shop")["environment"]["SMI_BIND"] == sandbox.app_address
    assert sandbox.directory.stat().st_mode & 0o777 == 0o700
    assert "red" in (sandbox.directory / "small.log").read_text()


def test_namespace_is_known_to_the_mesh_before_its_first_pod_is(cluster, mesh):
    """The Namespace and its Deployment come in one apply; a pod that starts first stays outside the mesh."""
    for number in range(10):
        name = f"meshed-{number}"
        cluster.apply([a_namespace(name, mesh="on"), a_deployment(namespace=name, replicas=3)])
    cluster.await_ready([f"meshed-{number}/shop" for number in range(10)], ENOUGH)
    assert all("annotations" in pod.body["metadata"] for pod in cluster.list("Pod"))


def test_pod_that_the_injector_leaves_alone_has_no_sidecar(cluster, mesh, ask_app):
    """Outside the mesh the app listens at the pod's own address."""
    cluster.apply([a_deployment(ports=[8080])])
    cluster.await_ready(["here/shop"], ENOUGH)
    (pod,) = cluster.list("Pod")
    assert "annotations" not in pod.body["metadata"]
    assert ask_app("here/shop")["environment"]["SMI_BIND"] == pod.body["status"]["podIP"]


def test_app_of_a_meshed_pod_is_led_to_its_sidecar(cluster, mesh, ask_app):
    """What the app sees in its hosts are the addresses where its sidecar is to listen."""
    cluster.apply([*MESHED, a_service()])
    cluster.await_ready(["meshed/shop"], ENOUGH)
    (pod,) = cluster.pods()
    listener = cluster.intercepted_address(pod.address, cluster.list("Service")[0].body["spec"]["clusterIP"])
    assert ask_app("meshed/shop")["hosts"]["shop.here:8080"] == [[listener, 8080]]


def test_pod_is_not_ready_before_its_sidecar_is(cluster, mesh):
    """Calls through a sidecar that is not there yet would be taken for refusals."""
    mesh.is_ready = False
    cluster.apply(MESHED)
    app_is_ready = lambda: cluster.pods()[0].reason == "sidecar runs, but is not ready yet"  # noqa: E731 - short
    assert cluster._store.wait_for(app_is_ready, ENOUGH)
    with pytest.raises(NotReadyError, match="sidecar runs, but is not ready yet"):
        cluster.await_ready(["meshed/shop"], timedelta())
    mesh.is_ready = True
    cluster.await_ready(["meshed/shop"], ENOUGH)


def test_sidecar_that_dies_is_restarted_beside_the_app(cluster, mesh, ask_app):
    """Only what died is started again; the app goes on."""
    cluster.apply(MESHED)
    cluster.await_ready(["meshed/shop"], ENOUGH)
    app = ask_app("meshed/shop")["pid"]
    os.kill(sidecar_pid(mesh), signal.SIGKILL)

    def restarted() -> bool:
        counts = {
            one["name"]: one["restartCount"]
            for one in cluster.list("Pod")[0].body["status"]["containerStatuses"]
        }
        return counts == {"probe": 0, "sidecar": 1} and cluster.pods()[0].ready

    assert cluster._store.wait_for(restarted, ENOUGH)
    assert ask_app("meshed/shop")["pid"] == app


def test_injector_hears_when_a_pod_with_a_sidecar_is_gone(cluster, mesh):
    """It can forget what it kept for the pod; by then the processes have ended."""
    cluster.apply([*MESHED, a_deployment("plain")])
    cluster.await_ready(["meshed/shop", "here/plain"], ENOUGH)
    (shop,) = cluster.pods("meshed")
    cluster.delete([ObjectRef("Namespace", "", "meshed"), ObjectRef("Namespace", "", "here")])
    cluster.close()
    assert mesh.gone == [shop.ref]


def test_evidence_has_the_log_of_the_sidecar(cluster, mesh, tmp_path):
    """The proxy's own words tell what it was about."""
    cluster.apply(MESHED)
    cluster.await_ready(["meshed/shop"], ENOUGH)
    cluster.collect_evidence(["meshed"], tmp_path)
    (log,) = tmp_path.glob("meshed/*.small.log")
    assert log.read_text().startswith("sidecar ")


def test_injector_that_finds_no_proxy_ends_the_wait(cluster):
    """What this machine lacks will not come by waiting."""

    class Unable(SmallMesh):
        def inject(self, sandbox: Sandbox) -> Sidecar | None:
            raise EnvoyMissingError("there is no Envoy", "here", "install it")

    cluster.join(Unable())
    cluster.apply([a_deployment()])
    with pytest.raises(EnvoyMissingError):
        cluster.await_ready(["here/shop"], ENOUGH)
