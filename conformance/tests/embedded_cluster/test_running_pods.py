"""Pods of the embedded cluster: made for Deployments, run as processes, ready, restarted and ended."""

import os
import select
import signal
import socket
from datetime import timedelta

import pytest

from conformance.cluster.embedded.containers import last_words
from conformance.errors import NotReadyError, PortInUseError, ProbeError
from conformance.model.manifest import Manifest, ObjectRef
from conformance.tests.doubles.objects import a_deployment, a_namespace, a_service, an_account

ENOUGH = timedelta(seconds=20)
SOON = timedelta(seconds=0.3)
SHOP = ObjectRef("Deployment", "here", "shop")


def has_ended(process: int) -> bool:
    """Wait for the end of the process behind a handle of pidfd_open."""
    ended = select.poll()
    ended.register(process, select.POLLIN)
    return bool(ended.poll(ENOUGH.total_seconds() * 1000))


def test_pod_runs_the_app_under_its_workload(cluster, ask_app):
    """The environment says who the app is and where it serves; its arguments are the container's."""
    cluster.apply([a_deployment(ports=[8080])])
    cluster.await_ready(["here/shop"], ENOUGH)
    (pod,) = cluster.pods()
    said = ask_app("here/shop")
    assert said["arguments"] == ["--http=8080"]
    assert said["environment"]["SMI_WORKLOAD"] == "here/shop"
    assert said["environment"]["SMI_BIND"] == pod.address


def test_ready_pod_says_so(cluster):
    """Status and labels of a pod read as on Kubernetes."""
    cluster.apply([an_account(), a_deployment(account="shop", role="till")])
    cluster.await_ready(["here/shop"], ENOUGH)
    (status,), (pod,) = cluster.pods("here"), cluster.list("Pod", "here")
    assert (status.workload, status.ready, status.reason) == ("here/shop", True, "")
    assert pod.body["status"]["phase"] == "Running"
    assert pod.body["status"]["conditions"] == [{"type": "Ready", "status": "True"}]
    assert pod.body["status"]["containerStatuses"] == [{"name": "probe", "ready": True, "restartCount": 0}]
    assert pod.body["metadata"]["labels"].items() >= {"app": "shop", "role": "till"}.items()


def test_deployment_is_scaled_up_and_down(cluster):
    """As many pods as replicas, each with an address of its own; the first stay when more come."""
    cluster.apply([a_deployment(replicas=3)])
    cluster.await_ready(["here/shop"], ENOUGH)
    three = {pod.address for pod in cluster.pods()}
    cluster.apply([a_deployment(replicas=1)])
    (left,) = cluster.pods()
    assert len(three) == 3
    assert left.address in three


def test_change_of_the_template_replaces_the_pods(cluster, ask_app):
    """New arguments make a new pod, which has another name, uid and process."""
    cluster.apply([a_deployment()])
    cluster.await_ready(["here/shop"], ENOUGH)
    (before,) = cluster.list("Pod")
    cluster.apply([a_deployment(args=["--new"])])
    cluster.await_ready(["here/shop"], ENOUGH)
    (after,) = cluster.list("Pod")
    assert after.name != before.name
    assert ask_app("here/shop")["arguments"] == ["--new"]


def test_deleted_pod_is_made_again(cluster):
    """A Deployment keeps its number of pods."""
    cluster.apply([a_deployment()])
    (before,) = cluster.list("Pod")
    cluster.delete([before.ref])
    (after,) = cluster.list("Pod")
    assert after.name != before.name


@pytest.mark.parametrize("gone", [SHOP, ObjectRef("Namespace", "", "here")], ids=str)
def test_deletion_ends_the_process(cluster, ask_app, gone):
    """No process outlives the object that wanted it."""
    cluster.apply([a_deployment()])
    cluster.await_ready(["here/shop"], ENOUGH)
    process = os.pidfd_open(ask_app("here/shop")["pid"])
    cluster.delete([gone])
    assert cluster.pods() == ()
    assert has_ended(process)
    os.close(process)


def test_process_that_dies_makes_the_pod_unready_and_is_restarted(cluster, ask_app):
    """The pod says why it is not ready, and comes back by itself with the restart counted."""
    cluster.apply([a_deployment()])
    cluster.await_ready(["here/shop"], ENOUGH)
    seen: list[str] = []
    cluster.watch(lambda _: seen.extend(pod.reason for pod in cluster.pods()))
    os.kill(ask_app("here/shop")["pid"], signal.SIGKILL)
    assert cluster._store.wait_for(lambda: any("was ended by SIGKILL" in reason for reason in seen), ENOUGH)
    cluster.await_ready(["here/shop"], ENOUGH)
    assert cluster.list("Pod")[0].body["status"]["containerStatuses"][0]["restartCount"] == 1


def test_app_that_fails_is_reported_with_the_end_of_its_log(cluster):
    """Exit code and last words stand in the message, so that nobody has to look for a log."""
    cluster.apply([a_deployment(args=["--fails"])])
    failed = "ended with exit code 3"
    assert cluster._store.wait_for(lambda: failed in cluster.pods()[0].reason, ENOUGH)
    with pytest.raises(NotReadyError, match="exit code 3; its log ends:\nthere is no luck today"):
        cluster.await_ready(["here/shop"], timedelta())


def test_reason_of_an_end_is_quoted_without_the_trace_behind_it(tmp_path):
    """Envoy tells first why it gives up, and then where; somebody who reads a message needs the reason."""
    log = tmp_path / "envoy.log"
    reason = "[2026-11-26 05:01:01.537][17][critical][assert] [watcher_impl.cc:25] assert failure: inotify_fd_ >= 0"
    trace = (
        "[2026-11-26 05:01:01.543][17][critical][backtrace] [backtrace.h:173] Caught Aborted\n  at: 0x3375\n"
        * 40
    )
    log.write_text(f"[2026-11-26 05:01:01.001][17][info][main] starting\n{reason}\n{trace}")
    assert last_words(log) == f"it said: {reason}"


def test_pod_whose_app_answers_no_ping_is_not_ready(cluster):
    """A process that runs is no app that can be asked."""
    cluster.apply([a_deployment(args=["--mute"])])
    with pytest.raises(NotReadyError, match="probe runs, but is not ready yet"):
        cluster.await_ready(["here/shop"], SOON)
    with pytest.raises(ProbeError, match="no pod of here/shop is ready"):
        cluster.channel("here/shop")


def test_deployment_that_is_not_there_is_never_ready(cluster):
    """A misspelt workload is no workload without pods."""
    with pytest.raises(NotReadyError, match="here/shoop has no pods"):
        cluster.await_ready(["here/shoop"], timedelta())


def test_taken_port_is_named_with_its_holder(cluster):
    """Whoever holds a pod's port is found at once, and no pod is said to be slow."""
    cluster.apply([a_deployment("other", ports=[8080])])
    cluster.await_ready(["here/other"], ENOUGH)
    first, last = cluster.pods()[0].address.rsplit(".", 1)
    address = f"{first}.{int(last) + 1}"
    with socket.create_server((address, 8080)):
        cluster.apply([a_deployment(ports=[8080])])
        with pytest.raises(PortInUseError) as refused:
            cluster.await_ready(["here/shop"], ENOUGH)
    assert f"port 8080 of {address} is needed by Pod here/shop-" in refused.value.what
    assert f"held by pid {os.getpid()} (" in refused.value.where


def test_pod_can_be_applied_without_a_deployment(cluster):
    """A bare Pod runs as well; it is a workload of its own name."""
    container = {"name": "probe", "image": "smi-conformance/probe"}
    metadata = {"name": "single", "namespace": "here"}
    cluster.apply(
        [
            Manifest(
                {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}
            )
        ]
    )
    ready = cluster._store.wait_for(lambda: cluster.pods()[0].ready, ENOUGH)
    assert ready
    assert cluster.pods()[0].workload == "here/single"


def test_evidence_has_objects_states_and_logs(cluster, tmp_path):
    """Per namespace: its objects, how its pods are, the ends of their logs; nothing of other namespaces."""
    cluster.apply(
        [a_namespace("there"), an_account(namespace="there"), a_service(), a_deployment(args=["--fails"])]
    )
    assert cluster._store.wait_for(lambda: "no luck" in cluster.pods()[0].reason, ENOUGH)
    cluster.collect_evidence(["here"], tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here"]
    assert "kind: Service\n" in (tmp_path / "here" / "objects.yaml").read_text()
    assert "workload: here/shop" in (tmp_path / "here" / "pods.yaml").read_text()
    (log,) = tmp_path.glob("here/*.app.log")
    assert "there is no luck today" in log.read_text()


def test_private_key_in_a_log_is_not_evidence(cluster, tmp_path):
    """Evidence is published; keys are not."""
    cluster.apply([a_deployment()])
    cluster.await_ready(["here/shop"], ENOUGH)
    (runner,) = cluster._kubelet.runners("here/shop")
    with runner.logs[0].open("a") as log:
        log.write("before\n-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\nafter\n")
    cluster.collect_evidence(["here"], tmp_path)
    (kept,) = tmp_path.glob("here/*.app.log")
    assert kept.read_text() == "before\n(a private key stood here)\nafter\n"
