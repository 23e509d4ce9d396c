"""Where a pod's app is led when it calls a name or an address."""

import json
from datetime import timedelta

import pytest

from conformance.cluster.embedded.draft import Objects
from conformance.cluster.embedded.hosts import SIDECAR, hosts_of
from conformance.model.manifest import Manifest
from conformance.tests.doubles.objects import a_deployment, a_namespace, a_service

ENOUGH = timedelta(seconds=20)


def a_pod(
    name: str, address: str, *, namespace: str = "here", ready: bool = True, sidecar: bool = False
) -> Manifest:
    metadata = {
        "name": name,
        "namespace": namespace,
        "labels": {"app": name.partition("-")[0]},
        "annotations": {SIDECAR: "true"} if sidecar else {},
    }
    ports = [{"name": "web", "containerPort": 9000}]
    status = {"podIP": address, "conditions": [{"type": "Ready", "status": "True" if ready else "False"}]}
    spec = {"containers": [{"name": "probe", "ports": ports}]}
    return Manifest({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status})


def objects_of(*manifests: Manifest) -> Objects:
    return {one.ref: one for one in manifests}


SHOP = a_service(clusterIP="127.16.1.5", ports=[{"name": "http", "port": 80, "targetPort": "web"}])


def test_pod_without_sidecar_is_led_to_the_real_endpoints():
    """Names of a Service lead to the target ports of its ready pods, and to no others."""
    caller = a_pod("client-1", "127.16.0.1")
    ready = [a_pod("shop-1", "127.16.0.2"), a_pod("shop-2", "127.16.0.3")]
    starting = a_pod("shop-3", "127.16.0.4", ready=False)
    hosts = hosts_of(caller, objects_of(SHOP, caller, *ready, starting))
    for name in ("shop.here.svc.cluster.local", "shop.here.svc", "shop.here", "shop", "127.16.1.5"):
        assert hosts[f"{name}:80"] == [["127.16.0.2", 9000], ["127.16.0.3", 9000]]
    assert hosts["127.16.0.4:9000"] == [["127.16.0.4", 9000]]
    assert hosts["shop-3:9000"] == [["127.16.0.4", 9000]]


def test_pod_with_sidecar_is_led_to_its_own_sidecar():
    """Everything leads to one listener per target, at the port that was called."""
    caller = a_pod("client-1", "127.16.0.1", sidecar=True)
    hosts = hosts_of(caller, objects_of(SHOP, caller, a_pod("shop-1", "127.16.0.2")))
    for name in ("shop.here.svc.cluster.local", "shop.here.svc", "shop.here", "shop", "127.16.1.5"):
        assert hosts[f"{name}:80"] == [["127.17.1.133", 80]]
    assert hosts["127.16.0.2:9000"] == hosts["shop-1:9000"] == [["127.17.1.2", 9000]]


@pytest.mark.parametrize("sidecar", [False, True])
def test_short_name_is_known_in_its_own_namespace_only(sidecar):
    """As with a resolver's search list, a bare name is the Service of the caller's namespace."""
    caller = a_pod("client-1", "127.16.0.1", namespace="there", sidecar=sidecar)
    hosts = hosts_of(caller, objects_of(SHOP, caller))
    assert "shop.here:80" in hosts
    assert "shop:80" not in hosts


def test_service_without_ready_pods_still_has_a_name():
    """It leads to the Service's own address, where nothing listens: refused, and not unknown."""
    caller = a_pod("client-1", "127.16.0.1")
    assert hosts_of(caller, objects_of(SHOP, caller))["shop.here:80"] == [["127.16.1.5", 80]]


def test_service_without_selector_leads_to_no_pod():
    """An empty selector selects nothing, as on Kubernetes."""
    caller = a_pod("client-1", "127.16.0.1")
    everything = a_service(clusterIP="127.16.1.5", selector={})
    assert hosts_of(caller, objects_of(everything, caller))["shop.here:8080"] == [["127.16.1.5", 8080]]


def test_hosts_follow_services_and_pods(cluster, ask_app):
    """When a Deployment is said to be ready, every running app can already call it."""
    cluster.apply([a_namespace("there"), a_deployment("client", "there")])
    cluster.await_ready(["there/client"], ENOUGH)
    assert "shop.here:8080" not in ask_app("there/client")["hosts"]
    cluster.apply([a_service(), a_deployment(ports=[8080])])
    cluster.await_ready(["here/shop"], ENOUGH)
    (shop,) = cluster.pods("here")
    assert ask_app("there/client")["hosts"]["shop.here:8080"] == [[shop.address, 8080]]


def test_hosts_are_not_rewritten_when_nothing_changed(cluster):
    """A change that moves no address touches no file."""
    cluster.apply([a_deployment()])
    cluster.await_ready(["here/shop"], ENOUGH)
    (runner,) = cluster._kubelet.runners("here/shop")
    before = runner.hosts.stat().st_ino
    cluster.apply([a_service("shop", selector={}), a_namespace("more")])
    after = runner.hosts.stat().st_ino
    cluster.apply([a_service("shop", selector={"app": "nobody"})])
    assert before != after == runner.hosts.stat().st_ino
    assert "shop:8080" in json.loads(runner.hosts.read_text())
