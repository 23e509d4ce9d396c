"""What the metrics server knows of a cluster, from lists and streams of its API server."""

import threading
import time

import pytest

from conformance.kubemesh.metering.catalogue import Catalogue, takes_calls
from conformance.kubemesh.rest import ApiRefusedError
from conformance.tests.doubles.mesh_worlds import a_pod

READY = {"name": "smi-proxy", "ready": True}


class Api:
    """Lists some objects, then streams what the test sends."""

    def __init__(self, *bodies, faults=()):
        self.bodies = list(bodies)
        self.config = {"data": {"faults": "\n".join(faults), "serial": "s-1"}}
        self.events, self.changed = [], threading.Condition()

    def get(self, path, **query):
        if path.startswith("/apis/split.smi-spec.io"):
            if path.endswith("v1alpha4"):
                return {"resources": [{"name": "trafficsplits"}]}
            if path.count("/") == 3:
                raise ApiRefusedError(404, "not found", path)
        plural = path.rpartition("/")[2]
        if plural == "configmaps":
            items = [{"metadata": {"name": "smi-reference-mesh"}, **self.config}]
        else:
            items = [one for one in self.bodies if f"{one['kind'].lower()}s" == plural]
        return {"metadata": {"resourceVersion": "1"}, "items": items}

    def watch(self, path, timeout, **query):
        seen = 0
        while True:
            with self.changed:
                self.changed.wait(0.05)
            for about, event in self.events[seen:]:
                if path.endswith(about):
                    yield event
            seen = len(self.events)

    def send(self, plural, kind, body):
        metadata = {**body["metadata"], "resourceVersion": "2"}
        self.events.append((plural, {"type": kind, "object": {**body, "metadata": metadata}}))


def meshed(name, number, uid, **changes):
    pod = a_pod(name, number)
    pod["metadata"] = {**pod["metadata"], "uid": uid, **changes}
    pod["status"] = {**pod["status"], "containerStatuses": [READY]}
    return pod


def until(holds):
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def listening():
    opened = []

    def listen(api):
        told = []
        catalogue = Catalogue(api, lambda names, serial: told.append((names, serial)))
        opened.append(catalogue)
        catalogue.start()
        catalogue.await_synced()
        return catalogue, told

    yield listen
    for one in opened:
        one.close()


def test_pods_are_known_by_their_uid(listening):
    """That is what a sidecar's certificate names."""
    catalogue, _ = listening(Api(meshed("shop", 1, "u-1")))
    assert catalogue.pod_of("u-1") == "here/shop-0"
    assert catalogue.pod_of("u-2") == ""
    assert catalogue.with_sidecar == {"here/shop-0"}
    assert set(catalogue.inventory.pods) == {"here/shop-0"}


def test_news_are_taken_in_and_what_does_not_matter_changes_nothing(listening):
    """The same inventory lets figures that were worked out stand."""
    api = Api(meshed("shop", 1, "u-1"))
    catalogue, _ = listening(api)
    before = catalogue.inventory
    busy = meshed("shop", 1, "u-1")
    busy["status"] = {**busy["status"], "startTime": "today"}
    api.send("pods", "MODIFIED", busy)
    api.send("pods", "ADDED", meshed("client", 2, "u-2"))
    until(lambda: catalogue.pod_of("u-2"))
    both = catalogue.inventory
    assert both is not before
    api.send("pods", "MODIFIED", busy)
    until(lambda: catalogue._is_stale)
    assert catalogue.inventory is both
    api.send("pods", "DELETED", meshed("client", 2, "u-2"))
    until(lambda: not catalogue.pod_of("u-2"))
    assert catalogue.inventory == before


def test_faults_and_their_change_are_told(listening):
    """Once for each change."""
    _, told = listening(Api(faults=("metrics-latency-in-milliseconds", "metrics-wrong-side")))
    assert told == [(("metrics-latency-in-milliseconds", "metrics-wrong-side"), "s-1")]


@pytest.mark.parametrize(
    ("status", "metadata", "takes"),
    [
        ({"containerStatuses": [READY]}, {}, True),
        ({"containerStatuses": [{**READY, "ready": False}]}, {}, False),
        ({"containerStatuses": [{"name": "probe", "ready": True}]}, {}, False),
        ({}, {}, False),
        ({"containerStatuses": [READY]}, {"deletionTimestamp": "now"}, False),
    ],
)
def test_sidecar_that_is_ready_and_stays_is_expected_to_tell(status, metadata, takes):
    """Others have nothing to tell yet, or are going."""
    assert takes_calls({"metadata": metadata, "status": status}) is takes
