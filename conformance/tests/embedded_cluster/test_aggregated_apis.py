"""The embedded cluster leads plain requests to the APIs that a mesh serves, as an aggregation layer does."""

import json

import pytest

from conformance.model.api import ApiAnswer, ApiRequest
from conformance.model.manifest import ObjectRef
from conformance.model.topology import Identity
from conformance.tests.doubles.objects import an_account

GROUP = "metrics.smi-spec.io"
ROOT = f"/apis/{GROUP}/v1alpha1"
SERVICE = f"/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.{GROUP}"


class EchoingApi:
    """Says what it was asked."""

    group = GROUP

    def __init__(self, version="v1alpha1"):
        self.version = version
        self.asked = []

    def answer(self, request):
        """Note the request, and answer with its version."""
        self.asked.append(request)
        return ApiAnswer(status=418, body=self.version.encode())


@pytest.fixture
def metrics(cluster):
    served = EchoingApi()
    cluster.aggregate(served)
    return served


def ask(cluster, path, **rest):
    """Ask, and read the answer as JSON."""
    answer = cluster.call_api(ApiRequest(path=path, **rest))
    assert answer.headers["content-type"] == "application/json"
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize("path", [ROOT, f"{ROOT}/", f"{ROOT}/namespaces/here/pods"])
def test_what_is_below_its_version_is_the_apis_own(cluster, metrics, path):
    """The request arrives as it was sent, whatever its method, and the answer goes back to the letter."""
    cluster.apply([an_account()])
    request = ApiRequest(
        path=path, method="POST", query=(("a", "b"),), body={"c": 1}, account=Identity("here", "shop")
    )
    assert cluster.call_api(request) == ApiAnswer(status=418, body=b"v1alpha1")
    assert metrics.asked == [request]


@pytest.mark.parametrize(
    "path",
    [f"{ROOT}x", f"/apis/{GROUP}/v1", f"/apis/{GROUP}x", "/apis/split.smi-spec.io", "/api/v1/pods", "/", ""],
)
def test_anything_else_is_not_found(cluster, metrics, path):
    """A Status says so, as an API server's would."""
    status, said = ask(cluster, path)
    assert (status, said["kind"], said["reason"], said["code"]) == (404, "Status", "NotFound", 404)
    assert not metrics.asked


def test_without_an_api_there_is_no_group(cluster):
    """Discovery is empty then."""
    assert ask(cluster, "/apis")[1]["groups"] == []
    assert ask(cluster, f"/apis/{GROUP}")[0] == 404
    assert ask(cluster, SERVICE)[0] == 404


@pytest.mark.parametrize("end", ["", "/"])
def test_groups_are_discovered(cluster, metrics, end):
    """By the list of all and by name, with every version that is served."""
    cluster.aggregate(EchoingApi("v1alpha2"))
    _, every = ask(cluster, f"/apis{end}")
    _, one = ask(cluster, f"/apis/{GROUP}{end}")
    versions = [
        {"groupVersion": f"{GROUP}/{version}", "version": version} for version in ("v1alpha1", "v1alpha2")
    ]
    group = {"name": GROUP, "versions": versions, "preferredVersion": versions[0]}
    assert every == {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]}
    assert one == {"kind": "APIGroup", "apiVersion": "v1", **group}
    assert cluster.call_api(ApiRequest(path=f"/apis/{GROUP}/v1alpha2/pods")).body == b"v1alpha2"


def test_service_of_an_api_is_available(cluster, metrics):
    """Where Kubernetes keeps it, so that whoever waits for an API waits in one way."""
    _, said = ask(cluster, SERVICE)
    assert (said["kind"], said["metadata"]["name"]) == ("APIService", f"v1alpha1.{GROUP}")
    assert [(one["type"], one["status"]) for one in said["status"]["conditions"]] == [("Available", "True")]
    assert ask(cluster, SERVICE.rpartition("/")[0])[1]["items"] == [said]


def test_discovery_is_only_read(cluster, metrics):
    """Another method is refused with a Status."""
    status, said = ask(cluster, "/apis", method="DELETE")
    assert (status, said["reason"]) == (405, "MethodNotAllowed")


def test_account_that_does_not_exist_is_unknown(cluster, metrics):
    """Before anything is asked of an API; and once it is deleted, again."""
    stranger = Identity("here", "shop")
    status, said = ask(cluster, ROOT, account=stranger)
    assert (status, said["reason"]) == (401, "Unauthorized")
    cluster.apply([an_account()])
    assert cluster.call_api(ApiRequest(path=ROOT, account=stranger)).status == 418
    cluster.delete([ObjectRef("ServiceAccount", "here", "shop")])
    assert cluster.call_api(ApiRequest(path=ROOT, account=stranger)).status == 401
    assert len(metrics.asked) == 1
