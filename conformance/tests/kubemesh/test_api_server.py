"""Requests to an API server: what it says is told in its own words, and its streams are read line by line."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from kubernetes.client import ApiClient, Configuration

from conformance.errors import EnvironmentBrokenError, UsageError
from conformance.kubemesh.installing import uninstall
from conformance.kubemesh.names import OWNER_LABEL
from conformance.kubemesh.rest import ApiRefusedError, Rest
from conformance.kubemesh.trust import bundle_of, keep_trusted

EVENTS = [{"type": "ADDED", "object": {"n": 1}}, {"type": "ADDED", "object": {"n": 2}}]
TOO_OLD = {"type": "ERROR", "object": {"code": 410, "message": "too old resource version"}}


class Server(BaseHTTPRequestHandler):
    """Answers from *answers* by path, and notes what is sent."""

    protocol_version = "HTTP/1.1"
    answers: ClassVar = {}
    sent: ClassVar = []

    def log_message(self, *_):
        pass

    def _answer(self):
        length = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(length) or b"null")
        path = self.path.partition("?")[0]
        self.sent.append((self.command, self.path, self.headers.get("content-type"), body))
        status, answer = self.answers.get(path, (404, {"message": f"{path} not found"}))
        text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - as the base class calls them


@pytest.fixture
def server():
    Server.answers, Server.sent = {}, []
    running = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def api(server):
    configuration = Configuration()
    configuration.host = f"http://127.0.0.1:{server.server_port}"
    with ApiClient(configuration) as connection:
        yield connection
        connection.rest_client.pool_manager.clear()


@pytest.fixture
def rest(api):
    return Rest(api)


def lines(*events):
    return b"".join(json.dumps(one).encode() + b"\n" for one in events)


def test_refusal_carries_the_servers_words(rest):
    """They say which right is missing, and of whom."""
    Server.answers["/api/v1/pods"] = 403, {"message": 'pods is forbidden: User "u" cannot list'}
    with pytest.raises(ApiRefusedError, match="cannot list") as refusal:
        rest.get("/api/v1/pods")
    assert refusal.value.status == 403


def test_what_is_not_there_is_no_error_where_it_is_looked_for(rest):
    """But any other refusal is one."""
    assert rest.find("/api/v1/nothing") is None
    assert rest.delete("/api/v1/nothing") is False
    Server.answers["/api/v1/pods"] = 500, b"broken"
    with pytest.raises(ApiRefusedError, match="broken"):
        rest.find("/api/v1/pods")


def test_server_that_is_gone_is_told_as_such(server, rest):
    """The connection's own words are for no person."""
    rest._configuration.host = "http://127.0.0.1:9"
    with pytest.raises(EnvironmentBrokenError, match="does not answer"):
        rest.get("/api/v1/pods")


def test_object_is_applied_under_our_name(rest):
    """So that a field that a later version leaves out goes, and nobody else's field does."""
    Server.answers["/api/v1/x"] = 200, {}
    rest.apply("/api/v1/x", {"kind": "X"})
    ((command, path, content, body),) = Server.sent
    assert (command, content, body) == ("PATCH", "application/apply-patch+yaml", {"kind": "X"})
    assert "fieldManager=smi-conformance" in path


def test_stream_gives_events_in_order(rest):
    """Each is one line."""
    Server.answers["/api/v1/pods"] = 200, lines(*EVENTS)
    assert [one["object"]["n"] for one in rest.watch("/api/v1/pods", 5)] == [1, 2]


def test_error_in_a_stream_is_raised(rest):
    """The API server has answered 200 by then, and says in the stream that it has forgotten."""
    Server.answers["/api/v1/pods"] = 200, lines(EVENTS[0], TOO_OLD)
    stream = rest.watch("/api/v1/pods", 5, resourceVersion="1")
    assert next(stream)["object"]["n"] == 1
    with pytest.raises(ApiRefusedError, match="too old") as refusal:
        next(stream)
    assert refusal.value.status == 410


WEBHOOK = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/smi-reference-mesh"
CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/traffictargets.access.smi-spec.io"


def a_crd(namespace, bundle=""):
    client = {"service": {"namespace": namespace, "name": "control-plane"}, "caBundle": bundle}
    return {"spec": {"conversion": {"strategy": "Webhook", "webhook": {"clientConfig": client}}}}


def test_trust_is_put_where_it_is_missing(rest):
    """In our webhook, and in CRDs that we convert."""
    Server.answers[WEBHOOK] = 200, {"webhooks": [{"name": "w", "clientConfig": {"service": {"name": "s"}}}]}
    Server.answers[CRD] = 200, a_crd("smi-reference-mesh")
    keep_trusted(rest, "PEM")
    webhook, crd = (body for command, _, _, body in Server.sent if command == "PATCH")
    (entry,) = webhook["webhooks"]
    assert entry == {"name": "w", "clientConfig": {"service": {"name": "s"}, "caBundle": bundle_of("PEM")}}
    assert crd == {"spec": {"conversion": {"webhook": {"clientConfig": {"caBundle": bundle_of("PEM")}}}}}


def test_trust_is_left_alone_where_it_is_right_or_anothers(rest):
    """A CRD that somebody else converts is none of our business."""
    client = {"caBundle": bundle_of("PEM")}
    Server.answers[WEBHOOK] = 200, {"webhooks": [{"name": "w", "clientConfig": client}]}
    Server.answers[CRD] = 200, a_crd("osm-system")
    keep_trusted(rest, "PEM")
    assert {command for command, *_ in Server.sent} == {"GET"}


CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
ROUTES = "/apis/specs.smi-spec.io/v1alpha4/tcproutes"


def somebodys_route(server, *, crd_is_ours):
    """Have one TCPRoute in the cluster, of a CRD that the installation brought, or found."""
    labels = dict([OWNER_LABEL]) if crd_is_ours else {}
    server.RequestHandlerClass.answers[f"{CRDS}/tcproutes.specs.smi-spec.io"] = (
        200,
        {"metadata": {"labels": labels}},
    )
    items = [{"metadata": {"name": "theirs", "namespace": "prod"}}]
    server.RequestHandlerClass.answers[ROUTES] = (200, {"items": items})


def test_objects_of_others_are_not_removed_without_a_word(server, api):
    """The message names them, and nothing has been deleted."""
    somebodys_route(server, crd_is_ours=True)
    with pytest.raises(UsageError, match="TCPRoute prod/theirs") as told:
        uninstall(api, print)
    assert "--with-objects" in told.value.hint
    assert {method for method, *_ in Server.sent} == {"GET"}


def test_crd_of_somebody_else_keeps_its_objects(server, api):
    """It stays where it is, so that nothing of it is lost and nobody has to be asked."""
    somebodys_route(server, crd_is_ours=False)
    uninstall(api, print)
    assert f"{CRDS}/tcproutes.specs.smi-spec.io" not in [
        path for method, path, *_ in Server.sent if method == "DELETE"
    ]
