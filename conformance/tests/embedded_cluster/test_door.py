"""The door to the embedded cluster's API: HTTP for clients that know nothing of this process."""

import json

import pytest
import requests
import yaml

from conformance.cluster.embedded.door import ApiDoor
from conformance.cluster.kubernetes import connect, place
from conformance.cluster.kubernetes.view import KubernetesView
from conformance.model.api import ApiAnswer, ApiRequest

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@pytest.fixture
def asked():
    return []


@pytest.fixture
def door(asked):
    def call_api(request):
        asked.append(request)
        return ApiAnswer(status=418, body=b'{"a": 1}', headers={"content-type": "application/json"})

    with ApiDoor(call_api) as opened:
        yield opened


def test_request_arrives_as_it_was_sent(door, asked):
    """Path, query in its order, method and body; the answer goes back with status and headers."""
    answer = requests.put(f"{door.address}/apis/x/y?b=2&a=&b=1%2C2", json={"kind": "z"}, timeout=5)
    assert (answer.status_code, answer.json()) == (418, {"a": 1})
    assert answer.headers["content-type"] == "application/json"
    query = (("b", "2"), ("a", ""), ("b", "1,2"))
    assert asked == [ApiRequest(path="/apis/x/y", method="PUT", query=query, body={"kind": "z"})]


@pytest.mark.parametrize("body", ["", "[]", "{"])
def test_body_that_is_no_object_is_none(door, asked, body):
    """It is not for the door to refuse."""
    assert requests.post(f"{door.address}/apis", data=body, timeout=5).status_code == 418
    assert asked[0].body is None


def test_head_has_no_body(door):
    """As HTTP wants it; the connection goes on."""
    with requests.Session() as session:
        assert session.head(f"{door.address}/apis", timeout=5).text == ""
        assert session.get(f"{door.address}/apis", timeout=5).json() == {"a": 1}


def test_client_of_kubernetes_gets_in_by_the_kubeconfig(door, asked, tmp_path):
    """It asks first who it is and what it may do; the rest is the cluster's."""
    path = tmp_path / "kubeconfig"
    door.write_kubeconfig(path, "demo", "here")
    assert place(path, None).context == "demo"
    assert place(path, None).namespace == "here"
    with connect(path, None) as api:
        answer = KubernetesView(api, "demo").call_api(ApiRequest(path="/apis/x"))
    assert (answer.status, json.loads(answer.body)) == (418, {"a": 1})
    assert [one.path for one in asked] == ["/apis/x"]
    assert yaml.safe_load(path.read_text())["users"] == [{"name": "demo", "user": {}}]


def test_version_is_told(door, asked):
    """Kubectl asks for it."""
    assert requests.get(f"{door.address}/version", timeout=5).json()["gitVersion"] == "embedded"
    assert asked == []


def test_closed_door_is_closed(door):
    """Nothing listens any more."""
    door.close()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{door.address}/apis", timeout=5)
