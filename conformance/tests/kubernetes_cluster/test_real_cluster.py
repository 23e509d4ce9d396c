"""The adapter on a real API server: the world runs in it, is spoken to, and is gone in the end."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import yaml
from kubernetes.client import ApiClient

from conformance.cluster.images import build_images
from conformance.cluster.kind import KindHost
from conformance.cluster.kubernetes import (
    KubernetesCluster,
    KubernetesSettings,
    NotOursError,
    connect,
    missing_permissions,
    sweep,
)
from conformance.cluster.kubernetes.executing import output
from conformance.cluster.kubernetes.refusals import ApiError
from conformance.cluster.kubernetes.rest import Rest
from conformance.errors import EnvironmentBrokenError, ManifestRefusedError, NotReadyError, ProbeError
from conformance.model.api import ApiRequest
from conformance.model.manifest import Manifest, ObjectRef
from conformance.model.topology import Identity
from conformance.places import fixtures_root
from conformance.scenario import load_world
from conformance.tests.doubles.objects import a_binding, a_role
from conformance.tests.kind_clusters.real_kind import real_kind_or_skip

pytestmark = pytest.mark.kind

LONG = timedelta(seconds=120)
SOON = timedelta(seconds=20)
WORLD = load_world(fixtures_root() / "world" / "world.yaml")
SHOP, CLIENT = "here/shop", "here/client-a"
ROUTES = "/apis/specs.smi-spec.io/v1alpha4"
COMES_AND_GOES = {"events", "leases", "endpoints", "endpointslices", "replicasets", "csinodes"}
"""What the cluster itself writes whenever it likes, or removes a moment after its owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Real:
    """A kind cluster with the suite's CRDs, somebody else's namespace and somebody else's policy."""

    api: ApiClient
    host: KindHost
    image: str

    @property
    def rest(self) -> Rest:
        return Rest(self.api)

    def settings(self, run_id: str) -> KubernetesSettings:
        return KubernetesSettings(run_id=run_id, name="kind", probe_image=self.image, pull_policy="Never")

    def cluster(self, run_id: str) -> KubernetesCluster:
        return KubernetesCluster(self.api, self.settings(run_id))


@pytest.fixture(scope="module")
def real(pytestconfig):
    kind = real_kind_or_skip(pytestconfig)
    image = build_images(print, kind.base).probe
    with KindHost(kind.settings, f"kc-{os.getpid()}", print) as host:
        host.load(image)
        api = connect(host.kubeconfig, host.context)
        real = Real(api=api, host=host, image=image)
        _prepare(real.rest)
        yield real
        api.close()


@pytest.fixture(scope="module")
def world(real):
    """A run with two workloads that are ready, for tests that only look."""
    with real.cluster("shared") as cluster:
        keys = start(cluster, "shared", SHOP, CLIENT)
        cluster.await_ready(keys, LONG)
        yield cluster


def _prepare(rest):
    until(lambda: all(one["status"]["phase"] == "Active" for one in rest.get("/api/v1/namespaces")["items"]))
    for path in sorted((fixtures_root() / "crds").glob("*.yaml")):
        ensure(
            rest, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", yaml.safe_load(path.read_text())
        )
    for document in yaml.safe_load_all((fixtures_root() / "rbac" / "suite.yaml").read_text()):
        ensure(rest, _RBAC[document["kind"]], document)
    ensure(rest, "/api/v1/namespaces", {"metadata": {"name": "theirs"}})
    until(lambda: "tcproutes" in {one["name"] for one in rest.get(ROUTES)["resources"]})
    ensure(rest, f"{ROUTES}/namespaces/theirs/tcproutes", route("theirs").body)


_RBAC = {
    "Namespace": "/api/v1/namespaces",
    "ServiceAccount": "/api/v1/namespaces/smi-conformance/serviceaccounts",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
}


def ensure(rest, path, body):
    try:
        rest.post(path, body)
    except ApiError as error:
        if not error.answer.is_conflict:
            raise


def until(is_true):
    for _ in range(300):
        try:
            if is_true():
                return
        except EnvironmentBrokenError:
            pass
        time.sleep(0.2)
    raise AssertionError("it did not come about")


def route(namespace, version="v1alpha4", **spec):
    body = {"apiVersion": f"specs.smi-spec.io/{version}", "kind": "TCPRoute"}
    metadata = {"name": "x", "namespace": namespace}
    return Manifest({**body, "metadata": metadata, "spec": spec})


def start(cluster, suffix, *symbolic):
    namespaces = {name: f"{name}-{suffix}" for name in WORLD.namespaces}
    keys = [f"{namespaces[key.partition('/')[0]]}/{key.partition('/')[2]}" for key in symbolic]
    cluster.apply(WORLD.manifests(namespaces, keys))
    return keys


def everything(rest):
    """Name every object of the cluster."""
    groups = rest.get("/apis")["groups"]
    roots = ["/api/v1", *(f"/apis/{one['preferredVersion']['groupVersion']}" for one in groups)]
    found = set()
    for root in roots:
        for kind in rest.get(root)["resources"]:
            if "list" in kind["verbs"] and kind["name"] not in COMES_AND_GOES:
                for one in rest.get(f"{root}/{kind['name']}")["items"]:
                    metadata = one["metadata"]
                    found.add(
                        (
                            kind["name"],
                            metadata.get("namespace", ""),
                            metadata["name"],
                            metadata.get("uid", ""),
                        )
                    )
    return found


@pytest.fixture
def stream(world):
    """A channel to the caller of that run."""
    channel = world.channel("here-shared/client-a")
    yield channel
    channel.close()


def ask(channel, **message):
    channel.write(message)
    return channel.read(LONG)


def send(channel, *calls):
    return ask(channel, op="send", calls=calls, connections=8, keep_alive=True, timeout_ms=9000)[
        "observations"
    ]


def test_probe_answers_over_one_long_stream(stream):
    """500 calls through a Service's name, and their observations, come back, again and again."""
    calls = [[f"c{number}", "shop", 8080, ["GET", "/", []]] for number in range(500)]
    # A pod that is ready is behind its Service a moment later.
    until(lambda: {one[3] for one in send(stream, *calls)} == {"here-shared/shop"})
    for _ in range(3):
        assert {one[3] for one in send(stream, *calls)} == {"here-shared/shop"}


def test_reply_of_more_than_a_megabyte_comes_whole(stream):
    """As a long plan's would."""
    calls = [[f"{number}-{'x' * 900}", "nowhere", 8080, ["GET", "/", []]] for number in range(1300)]
    assert len(json.dumps(send(stream, *calls))) > 1_000_000


def test_closed_stream_leaves_no_process_in_the_pod(world, real):
    """A run opens many, and a pod has little room."""
    until(lambda: attached(world, real) == 0)
    channel = world.channel("here-shared/client-a")
    ask(channel, op="ping")
    assert attached(world, real) == 1
    channel.close()
    until(lambda: attached(world, real) == 0)


def attached(world, real):
    code = (
        "import pathlib as p; print(sum(b'probe.attach' in one.read_bytes() and b'-c' not in one.read_bytes()"
        " for one in p.Path('/proc').glob('[0-9]*/cmdline')))"
    )
    (pod,) = (one for one in world.pods("here-shared") if one.workload == "here-shared/client-a")
    return int(output(real.rest, pod.ref, "probe", ("python", "-c", code), timeout=SOON, limit=99))


def test_timeout_is_kept_and_the_next_stream_works(world, stream):
    """A plan that takes longer than the suite waits is an error of the probe, not of the cluster."""
    slow = ["slow", "shop", 8080, ["GET", "/", [["x-smi-delay-ms", "3000"]]]]
    stream.write({"op": "send", "calls": [slow], "connections": 1, "keep_alive": False, "timeout_ms": 9000})
    with pytest.raises(ProbeError, match=r"said nothing within 0.2 s"):
        stream.read(timedelta(seconds=0.2))
    with contextlib.closing(world.channel("here-shared/client-a")) as other:
        assert ask(other, op="ping")["workload"] == "here-shared/client-a"


def test_pods_say_whose_they_are_and_where(world):
    """With the address that calls can be sent to."""
    pods = {one.workload: one for one in world.pods("here-shared")}
    assert pods.keys() == {"here-shared/client-a", "here-shared/shop"}
    assert all(one.ready and one.address and not one.reason for one in pods.values())


def test_served_versions_are_those_of_the_crds(world):
    """Oldest first, for each kind."""
    served = world.served()
    assert served["TCPRoute"] == ("v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4")
    assert served["UDPRoute"] == ("v1alpha4",)


def test_policy_is_replaced_read_and_deleted(world):
    """In whatever version it is written. In v1alpha3 a TCPRoute has no matches."""
    world.apply([route("here-shared", "v1alpha3")])
    world.apply([route("here-shared", matches={"ports": [2]})])
    stored = world.read(ObjectRef("TCPRoute", "here-shared", "x"))
    assert stored.body["spec"]["matches"]["ports"] == [2]
    world.delete([stored.ref, stored.ref])
    assert world.read(stored.ref) is None


def test_unknown_field_is_refused_in_the_servers_words(world):
    """It would be dropped in silence otherwise."""
    with pytest.raises(ManifestRefusedError, match=r'unknown field "spec.wrong"'):
        world.apply([route("here-shared", matches={"ports": [1]}, wrong=1)])


def test_what_is_somebody_elses_stays(world, real):
    """Neither replaced nor deleted, and told."""
    before = real.rest.get(f"{ROUTES}/namespaces/theirs/tcproutes/x")
    for change in (
        lambda: world.apply([route("theirs", matches={})]),
        lambda: world.delete([route("theirs").ref]),
    ):
        with pytest.raises(NotOursError, match="TCPRoute theirs/x"):
            change()
    assert real.rest.get(f"{ROUTES}/namespaces/theirs/tcproutes/x") == before


def test_evidence_of_a_namespace_is_written(world, tmp_path):
    """Objects, pods, events, and the log of every container."""
    world.collect_evidence(["here-shared"], tmp_path)
    names = {path.name.partition("-")[0] for path in (tmp_path / "here-shared").iterdir()}
    assert names == {"objects.yaml", "pods.yaml", "events.txt", "shop", "client"}
    assert "Scheduled Pod shop" in (tmp_path / "here-shared" / "events.txt").read_text()


def test_run_under_the_shipped_account_leaves_the_cluster_as_it_was(real, tmp_path):
    """Nothing is missing among its rights, and every object that was there before is there, and no other."""
    before = everything(real.rest)
    api = connect(account(real, tmp_path, "suite"), None)
    assert missing_permissions(api) == ()
    with KubernetesCluster(api, real.settings("least")) as cluster:
        keys = start(cluster, "least", SHOP)
        cluster.apply([route("here-least")])
        cluster.await_ready(keys, LONG)
        with contextlib.closing(cluster.channel(keys[0])) as channel:
            assert ask(channel, op="ping")["workload"] == keys[0]
        cluster.collect_evidence(["here-least"], tmp_path / "evidence")
        cluster.delete([route("here-least").ref])
    api.close()
    assert everything(real.rest) == before
    assert "could not be read" not in "".join(
        one.read_text() for one in tmp_path.rglob("*.*") if one.is_file()
    )


def test_account_of_a_run_may_what_its_role_grants(real, tmp_path):
    """There and only there. No API is behind it here, so that what is granted is not found."""
    api = connect(account(real, tmp_path, "suite"), None)
    with KubernetesCluster(api, real.settings("grants")) as cluster:
        start(cluster, "grants", SHOP)

        def asked(namespace):
            path = f"/apis/metrics.smi-spec.io/v1alpha1/namespaces/{namespace}/pods"
            return cluster.call_api(ApiRequest(path=path, account=Identity("here-grants", "shop")))

        assert asked("here-grants").status == 403
        assert b"system:serviceaccount:here-grants:shop" in asked("here-grants").body
        subject = {"kind": "ServiceAccount", "name": "shop", "namespace": "here-grants"}
        cluster.apply([a_role("r", "here-grants"), a_binding("r", "here-grants", subject=subject)])
        until(lambda: asked("here-grants").status == 404)
        assert asked("there-grants").status == 403
        cluster.delete([ObjectRef("RoleBinding", "here-grants", "r")])
        until(lambda: asked("here-grants").status == 403)
    api.close()


def test_suites_account_grants_nothing_that_it_lacks(real, tmp_path):
    """Kubernetes itself sees to that: a Role on Secrets is refused."""
    api = connect(account(real, tmp_path, "suite"), None)
    with KubernetesCluster(api, real.settings("more")) as cluster:
        start(cluster, "more", SHOP)
        with pytest.raises(
            EnvironmentBrokenError, match="attempting to grant RBAC permissions not currently held"
        ):
            cluster.apply([a_role("r", "here-more", apiGroups=[""], resources=["secrets"])])
    api.close()


def test_account_without_rights_creates_nothing(real, tmp_path):
    """It is told what is missing, and the first thing it lacks."""
    before = everything(real.rest)
    api = connect(account(real, tmp_path, "default"), None)
    assert "create namespaces" in missing_permissions(api)
    with pytest.raises(EnvironmentBrokenError, match=r"fixtures/rbac/suite.yaml"):
        KubernetesCluster(api, real.settings("poor"))
    api.close()
    assert everything(real.rest) == before


def account(real, directory, name):
    """Write a kubeconfig for a service account."""
    path = f"/api/v1/namespaces/smi-conformance/serviceaccounts/{name}/token"
    token = real.rest.post(path, {"spec": {"expirationSeconds": 3600}})["status"]["token"]
    config = yaml.safe_load(real.host.kubeconfig.read_text())
    config["current-context"] = real.host.context
    for user in config["users"]:
        user["user"] = {"token": token}
    path = directory / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


def test_workload_that_does_not_start_is_explained(real):
    """By what the kubelet says of it."""
    settings = replace(real.settings("nowhere"), probe_image="smi-conformance/probe:no-such-tag")
    with KubernetesCluster(real.api, settings) as cluster:
        keys = start(cluster, "nowhere", CLIENT)
        with pytest.raises(NotReadyError, match=r"container probe waits \(ErrImageNeverPull[\s\S]*event: "):
            cluster.await_ready(keys, timedelta(seconds=15))


def test_pod_that_goes_ends_its_stream_and_the_next_one_takes_its_place(real):
    """A restarted pod must not look like one that never answered."""
    with real.cluster("brief") as cluster:
        (key,) = start(cluster, "brief", CLIENT)
        cluster.await_ready([key], LONG)
        (pod,) = cluster.pods("here-brief")
        with contextlib.closing(cluster.channel(key)) as channel:
            real.rest.delete(f"/api/v1/namespaces/here-brief/pods/{pod.ref.name}", {"gracePeriodSeconds": 0})
            with pytest.raises(ProbeError, match="client-a is gone"):
                channel.read(LONG)
        until(
            lambda: (
                [one.ref.name != pod.ref.name for one in cluster.pods("here-brief") if one.ready] == [True]
            )
        )
        cluster.await_ready([key], LONG)
        cluster.channel(key).close()


_KILLED = """
import sys, time
from pathlib import Path
from conformance.cluster.kubernetes import KubernetesCluster, KubernetesSettings, connect
from conformance.model.manifest import Manifest
api = connect(Path(sys.argv[1]), sys.argv[2])
cluster = KubernetesCluster(api, KubernetesSettings(run_id="killed", name="kind", probe_image="p"))
cluster.apply([Manifest({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "here-killed"}})])
print("up", flush=True)
time.sleep(600)
"""


def test_killed_run_is_swept_with_all_that_it_owned(real):
    """Once its Lease has run out, and not before. The cluster itself follows the owner."""
    command = [sys.executable, "-c", _KILLED, str(real.host.kubeconfig), real.host.context]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"up\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert sweep(real.api) == ()
    lease = "/apis/coordination.k8s.io/v1/namespaces/smi-run-killed/leases/run"
    body = real.rest.get(lease)
    real.rest.put(lease, {**body, "spec": {**body["spec"], "renewTime": "2026-01-01T00:00:00.000000Z"}})
    assert sweep(real.api) == ("smi-run-killed",)
    until(lambda: not [one for one in everything(real.rest) if "killed" in one[1] + one[2]])


def test_restart_of_the_api_server_costs_time_and_nothing_else(real):
    """What is asked meanwhile is answered afterwards."""
    with real.cluster("restart") as cluster:
        start(cluster, "restart", CLIENT)
        node = f"{real.host.name}-control-plane"
        subprocess.run(("docker", "exec", node, "pkill", "-KILL", "-x", "kube-apiserver"), check=True)
        cluster.apply([route("here-restart")])
        assert cluster.read(route("here-restart").ref) is not None
