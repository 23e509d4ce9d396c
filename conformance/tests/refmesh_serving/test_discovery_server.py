"""Polls are held until there is something to say, and each socket serves one sidecar only."""

import http.client
import json
import socket
import threading
from datetime import timedelta

import pytest

from conformance.errors import EnvironmentBrokenError
from conformance.refmesh.progress import ResourceKind
from conformance.refmesh.server import DiscoveryServer, ServerSettings
from conformance.refmesh.snapshot import POLICY, Snapshot

ME = "here/shop-0"
LISTENERS, CLUSTERS, ROUTES = ResourceKind
SHORT = timedelta(milliseconds=20)


def a_snapshot(*clusters):
    return Snapshot(listeners={}, clusters={name: {"name": name} for name in clusters}, routes={POLICY: {}})


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("control-plane", timeout=10)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def poll(path, version="", node=ME, kind=CLUSTERS, body=None):
    """Poll once as Envoy does; give the status and the answer."""
    connection = UnixConnection(path)
    asked = {"version_info": version, "node": {"id": node}} if version else {"node": {"id": node}}
    try:
        connection.request("POST", f"/v3/discovery:{kind.value}", body or json.dumps(asked))
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    return answer.status, json.loads(text) if answer.status == 200 else text


@pytest.fixture
def serve(tmp_path):
    """Start a server that holds polls as told; give it and the path of its socket."""
    servers = []

    def start(hold=timedelta(seconds=10), retry=SHORT):
        server = DiscoveryServer(
            lambda sidecar, kind: f"{sidecar} does not like {kind.value}",
            ServerSettings(hold=hold, retry=retry),
        )
        servers.append(server)
        server.start()
        server.store.register(ME)
        server.open(ME, tmp_path / "xds.sock")
        return server, tmp_path / "xds.sock"

    yield start
    for server in servers:
        server.close()


def test_answer_carries_type_version_and_resources(serve):
    """The form that Envoy's discovery over REST has."""
    server, path = serve()
    server.store.publish({ME: a_snapshot("a")})
    status, answer = poll(path)
    assert status == 200
    assert answer == {
        "version_info": "1",
        "type_url": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
        "resources": [{"name": "a"}],
    }


def test_poll_is_held_until_something_changes(serve):
    """A change is on its way at once; nobody waits for a next poll."""
    server, path = serve()
    server.store.publish({ME: a_snapshot("a")})
    poll(path)
    answers = []
    held = threading.Thread(target=lambda: answers.append(poll(path, "1")))
    held.start()
    while not server._polls:
        pass
    server.store.publish({ME: a_snapshot("a", "b")})
    held.join(5)
    ((status, answer),) = answers
    assert status == 200
    assert [one["name"] for one in answer["resources"]] == ["a", "b"]


def test_poll_without_news_ends_with_not_modified(serve):
    """Envoy then simply asks again."""
    server, path = serve(hold=SHORT)
    server.store.publish({ME: a_snapshot("a")})
    poll(path)
    assert poll(path, "1") == (304, "")


def test_older_poll_gives_way_to_a_newer_one(serve):
    """It belongs to a subscription that is gone; what it is given would be lost."""
    server, path = serve()
    answers = []
    older = threading.Thread(target=lambda: answers.append(poll(path)))
    older.start()
    while not server._polls:
        pass
    newer = threading.Thread(target=lambda: answers.append(poll(path)))
    newer.start()
    older.join(5)
    assert answers == [(304, "")]
    server.store.publish({ME: a_snapshot("a")})
    newer.join(5)
    assert answers[1][0] == 200


def test_refusal_is_remembered_with_envoys_words(serve, caplog):
    """A person has to see it, and the scenario has to be told apart from the mesh's own error."""
    server, path = serve()
    server.store.publish({ME: a_snapshot("a")})
    poll(path)
    status, again = poll(path)
    assert (status, again["version_info"]) == (200, "1")
    (rejection,) = server.store.rejections()
    assert (rejection.sidecar, rejection.kind, rejection.version) == (ME, CLUSTERS, "1")
    assert rejection.words == "here/shop-0 does not like clusters"
    assert caplog.messages == [
        "sidecar here/shop-0 refused clusters in version 1: here/shop-0 does not like clusters"
    ]


def test_socket_refuses_another_node(serve, monkeypatch):
    """A sidecar that could name any node could read any policy."""
    monkeypatch.setattr("conformance.refmesh.server._STRANGER_DELAY", 0)
    server, path = serve()
    server.store.register("here/bank-0")
    server.store.publish({"here/bank-0": a_snapshot("secret")})
    status, text = poll(path, node="here/bank-0")
    assert status == 403
    assert "serves node 'here/shop-0', not 'here/bank-0'" in text


@pytest.mark.parametrize("body", ["no JSON", "[]", '{"node": {}}'])
def test_request_that_is_none_is_refused_with_its_reason(serve, monkeypatch, body):
    """Nothing that somebody sends may end the server."""
    monkeypatch.setattr("conformance.refmesh.server._STRANGER_DELAY", 0)
    server, path = serve()
    status, text = poll(path, body=body)
    assert status == 400
    assert "no DiscoveryRequest" in text
    server.store.publish({ME: a_snapshot("a")})
    assert poll(path)[0] == 200


def test_path_that_is_too_long_for_a_socket_is_told(serve, tmp_path):
    """The kernel's own message names neither the limit nor the path."""
    server, _ = serve()
    deep = tmp_path / ("x" * 100)
    with pytest.raises(EnvironmentBrokenError, match="100 are possible"):
        server.open(ME, deep / "xds.sock")


def test_directory_that_is_not_there_is_told(serve, tmp_path):
    """It names sidecar and path."""
    server, _ = serve()
    with pytest.raises(EnvironmentBrokenError, match="here/shop-0"):
        server.open(ME, tmp_path / "nowhere" / "x")


def test_close_ends_held_polls_and_can_be_repeated(serve):
    """No thread and no connection stays."""
    server, path = serve()
    answers = []
    held = threading.Thread(target=lambda: answers.append(poll(path)))
    held.start()
    while not server._polls:
        pass
    server.close()
    server.close()
    held.join(5)
    assert answers == [(304, "")]
    assert "refmesh-discovery" not in {thread.name for thread in threading.enumerate()}
