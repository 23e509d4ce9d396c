"""What the reference mesh understands of Pods and Services."""

import pytest

from conformance.refmesh.reading import read_world
from conformance.refmesh.world import Protocol


def a_pod(name="shop-0", *, app="shop", address="127.0.0.1", ready=True, annotations=None, ports=()):
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "namespace": "here",
            "name": name,
            "labels": {"app": app},
            "annotations": annotations or {},
        },
        "spec": {"serviceAccountName": app, "containers": [{"ports": list(ports)}]},
        "status": {"podIP": address, "conditions": conditions},
    }


def a_service(*ports, selector=None, address="127.0.1.1"):
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"namespace": "here", "name": "shop"},
        "spec": {
            "clusterIP": address,
            "selector": {"app": "shop"} if selector is None else selector,
            "ports": ports,
        },
    }


def only_pod(*objects):
    (pod,) = read_world(objects).pods
    return pod


def test_pod_without_an_address_does_not_exist_yet():
    """Nothing can be sent to it, and its sidecar cannot listen."""
    assert read_world([a_pod(address="")]).pods == ()


def test_sidecar_is_known_by_its_annotations():
    """Only a pod that says it has a sidecar, and where its application listens, is in the mesh."""
    annotations = {"smi-conformance/sidecar": "true", "smi-conformance/app-address": "127.0.2.1"}
    pod = only_pod(a_pod(annotations=annotations))
    assert (pod.is_meshed, pod.app_address) == (True, "127.0.2.1")
    assert not only_pod(a_pod()).is_meshed
    assert not only_pod(a_pod(annotations={**annotations, "smi-conformance/sidecar": "false"})).is_meshed


def test_pod_that_is_not_ready_is_behind_no_service_but_has_its_sidecar():
    """A pod becomes ready through its sidecar, so the sidecar cannot wait for that."""
    annotations = {"smi-conformance/sidecar": "true", "smi-conformance/app-address": "127.0.2.1"}
    world = read_world([a_pod(ready=False, annotations=annotations), a_service({"port": 8080})])
    assert [pod.key for pod in world.sidecars] == ["here/shop-0"]
    assert world.ready_pods(world.services[0]) == ()


def test_pod_without_conditions_or_on_its_way_out_is_not_ready():
    """No word about readiness is not readiness, and a pod that is being deleted takes no new calls."""
    silent, leaving = a_pod("silent"), a_pod("leaving")
    del silent["status"]["conditions"]
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert [pod.ready for pod in read_world([silent, leaving]).pods] == [False, False]


@pytest.mark.parametrize("address", ["None", "", None])
def test_service_without_an_address_cannot_be_called(address):
    """A headless Service has no place where a sidecar could take calls to it."""
    assert read_world([a_service({"port": 8080}, address=address)]).services == ()


def test_service_without_selector_leads_nowhere():
    """An empty selector selects nothing, as on Kubernetes."""
    world = read_world([a_pod(), a_service({"port": 8080}, selector={})])
    assert world.ready_pods(world.services[0]) == ()


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ({"appProtocol": "http", "name": "tcp-x"}, Protocol.HTTP),
        ({"appProtocol": "tcp", "name": "http-x"}, Protocol.TCP),
        ({"name": "http"}, Protocol.HTTP),
        ({"name": "http-8080"}, Protocol.HTTP),
        ({"name": "httpish"}, Protocol.TCP),
        ({}, Protocol.TCP),
    ],
)
def test_protocol_of_a_port_follows_app_protocol_then_name(port, expected):
    """The appProtocol decides, else the name's first word; anything else is raw TCP."""
    world = read_world([a_service({"port": 8080, **port})])
    assert world.services[0].ports[0].protocol is expected


def test_service_decides_what_its_pods_port_speaks():
    """Both ends of a call have to agree on the protocol, whatever the container port is called."""
    pod = a_pod(ports=[{"containerPort": 8080, "name": "web"}])
    assert only_pod(pod, a_service({"port": 80, "targetPort": "web", "appProtocol": "http"})).ports[
        0
    ].protocol is (Protocol.HTTP)


def test_port_that_only_a_service_knows_is_a_port_of_the_pod():
    """Kubernetes does not ask pods to declare their ports, so the sidecar must not leave such a one out."""
    pod = only_pod(a_pod(), a_service({"port": 80, "targetPort": 8080, "appProtocol": "http"}))
    assert [(port.number, port.protocol) for port in pod.ports] == [(8080, Protocol.HTTP)]


def test_named_target_port_is_looked_up_in_each_pod():
    """One Service may lead to different numbers in different pods."""
    pods = [
        a_pod(name, ports=[{"containerPort": number, "name": "web"}], address=f"127.0.0.{number - 8079}")
        for name, number in (("a", 8080), ("b", 8081))
    ]
    world = read_world([*pods, a_service({"port": 80, "targetPort": "web"})])
    (port,) = world.services[0].ports
    assert [port.target_in(pod) for pod in world.pods] == [8080, 8081]


def test_udp_ports_are_passed_over():
    """This mesh carries TCP only."""
    pod = a_pod(ports=[{"containerPort": 53, "protocol": "UDP"}])
    assert only_pod(pod, a_service({"port": 53, "protocol": "UDP"})).ports == ()
