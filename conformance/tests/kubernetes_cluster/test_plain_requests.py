"""Plain requests to an API server: sent once, as the suite or as an account of the run; any answer will do."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from kubernetes.client import Configuration

from conformance.cluster.kubernetes import KubernetesCluster
from conformance.cluster.kubernetes.credentials import as_bearer
from conformance.cluster.kubernetes.view import KubernetesView
from conformance.errors import EnvironmentBrokenError
from conformance.model.api import ApiRequest
from conformance.model.manifest import Manifest
from conformance.model.topology import Identity
from conformance.tests.doubles.objects import a_role

PODS = "/apis/metrics.smi-spec.io/v1alpha1/namespaces/here/pods"
SHOP = Identity("here", "shop")
TOKEN = "/api/v1/namespaces/here/serviceaccounts/shop/token"


@pytest.fixture
def cluster(api, fake, settings):
    with KubernetesCluster(api, settings) as opened:
        opened.apply([Manifest({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "here"}})])
        fake.requests.clear()
        yield opened


@pytest.fixture
def say(tools):
    """Make an answer that says so much, and notes what it was asked."""

    def make(code, message="", asked=None):
        async def answer(request):
            if asked is not None:
                body = await request.text()
                asked.append((request.method, request.path_qs, request.headers.get("authorization"), body))
            return tools["status"](code, "", message)

        return answer

    return make


@pytest.fixture
def give_token(fake, say):
    """Have the server answer the next request for a token; a list of the bodies sent."""
    asked = []

    def script(token, lasts=3600):
        async def answer(request):
            asked.append(await request.json())
            end = datetime.now(UTC) + timedelta(seconds=lasts)
            status = {"token": token, "expirationTimestamp": f"{end:%Y-%m-%dT%H:%M:%SZ}"}
            return web.json_response({"status": status}, status=201)

        fake.script("POST", TOKEN, answer)
        return asked

    return script


@pytest.mark.parametrize("code", [200, 401, 403, 404, 405, 429, 500, 503])
def test_any_answer_is_an_answer(cluster, fake, say, code):
    """Refusals and failures come back as they are, and nothing is asked twice."""
    fake.script("GET", PODS, say(code, "so it is"))
    answer = cluster.call_api(ApiRequest(path=PODS))
    assert answer.status == code
    assert json.loads(answer.body)["message"] == "so it is"
    assert answer.headers["content-type"].startswith("application/json")
    assert "date" in answer.headers
    assert fake.asked("GET") == [PODS]


def test_method_query_and_body_arrive_as_they_are(cluster, fake, say):
    """Pairs keep their order and may be there twice; a request without a body has none."""
    asked = []
    fake.script("PUT", PODS, say(200, asked=asked))
    fake.script("DELETE", PODS, say(200, asked=asked))
    query = (("labelSelector", "app in (a,b)"), ("b", "2"), ("b", "1"))
    cluster.call_api(ApiRequest(path=PODS, method="PUT", query=query, body={"kind": "x"}))
    cluster.call_api(ApiRequest(path=PODS, method="DELETE"))
    assert asked == [
        ("PUT", f"{PODS}?labelSelector=app+in+%28a%2Cb%29&b=2&b=1", "Bearer t", '{"kind": "x"}'),
        ("DELETE", PODS, "Bearer t", ""),
    ]


def test_silent_server_is_waited_for(cluster, fake, say):
    """A server that restarts says nothing at all; that is no answer."""

    async def hang_up(request):
        request.transport.close()

    fake.script("GET", PODS, hang_up, say(403))
    assert cluster.call_api(ApiRequest(path=PODS)).status == 403
    assert fake.asked("GET") == [PODS, PODS]


def test_account_shows_its_own_token(cluster, fake, say, give_token):
    """It is asked for once, for an hour, and not by the suite's own name."""
    asked = []
    bodies = give_token("shops-own")
    fake.script("GET", PODS, *[say(403, asked=asked)] * 2)
    for _ in range(2):
        assert cluster.call_api(ApiRequest(path=PODS, account=SHOP)).status == 403
    assert [one[2] for one in asked] == ["Bearer shops-own"] * 2
    assert [one["spec"] for one in bodies] == [{"expirationSeconds": 3600}]


def test_token_that_runs_out_is_renewed(cluster, fake, say, give_token):
    """A minute before its end it is as good as over."""
    asked = []
    give_token("old", lasts=60)
    give_token("new")
    fake.script("GET", PODS, *[say(200, asked=asked)] * 2)
    for _ in range(2):
        cluster.call_api(ApiRequest(path=PODS, account=SHOP))
    assert [one[2] for one in asked] == ["Bearer old", "Bearer new"]


def test_account_of_somebody_else_is_not_impersonated(cluster, fake):
    """Only namespaces with the run's label have accounts that the run may speak for."""
    fake.put_there("/api/v1/namespaces/theirs", {})
    for namespace in ("theirs", "nowhere"):
        with pytest.raises(EnvironmentBrokenError, match="not this run's"):
            cluster.call_api(ApiRequest(path=PODS, account=Identity(namespace, "shop")))
    assert not fake.asked("POST")


def test_account_that_is_not_there_is_named(cluster, fake, say):
    """No token, no request."""
    fake.script("POST", TOKEN, say(404, 'serviceaccounts "shop" not found'))
    with pytest.raises(EnvironmentBrokenError, match="no such account") as broken:
        cluster.call_api(ApiRequest(path=PODS, account=SHOP))
    assert "ServiceAccount here/shop" in broken.value.where
    assert not fake.asked("GET").count(PODS)


def test_missing_right_to_ask_for_tokens_is_named(cluster, fake, say):
    """It is the environment's, and the message leads to the manifest that grants it."""
    fake.script("POST", TOKEN, say(403, 'User "suite" cannot create resource "serviceaccounts/token"'))
    with pytest.raises(EnvironmentBrokenError, match="cannot create resource") as broken:
        cluster.call_api(ApiRequest(path=PODS, account=SHOP))
    assert "fixtures/rbac/suite.yaml" in broken.value.hint


def test_certificate_of_the_kubeconfig_is_not_shown_for_an_account():
    """An API server would take the certificate's word before the token's."""
    mine = Configuration()
    mine.host, mine.cert_file, mine.key_file = "https://example:6443", "mine.crt", "mine.key"
    mine.ssl_ca_cert, mine.tls_server_name = "ca.crt", "kubernetes"
    own = as_bearer(mine, "shops-own")
    assert (own.cert_file, own.key_file) == (None, None)
    assert (own.host, own.ssl_ca_cert, own.tls_server_name) == (mine.host, "ca.crt", "kubernetes")
    assert own.auth_settings()["BearerToken"]["value"] == "Bearer shops-own"


def test_view_asks_as_itself_only(api, fake, say):
    """Before a run there are no accounts of its own."""
    view = KubernetesView(api, "fake")
    fake.script("GET", PODS, say(200))
    assert view.call_api(ApiRequest(path=PODS)).status == 200
    with pytest.raises(EnvironmentBrokenError, match="only a run has accounts"):
        view.call_api(ApiRequest(path=PODS, account=SHOP))


@pytest.mark.parametrize("kind", ["Role", "RoleBinding"])
def test_roles_carry_the_runs_label(cluster, fake, kind):
    """They are objects of the run like all others."""
    api_version = "rbac.authorization.k8s.io/v1"
    metadata = {"name": "reader", "namespace": "here"}
    cluster.apply([Manifest({"apiVersion": api_version, "kind": kind, "metadata": metadata})])
    stored = fake.objects[f"/apis/{api_version}/namespaces/here/{kind.lower()}s/reader"]
    assert stored["metadata"]["labels"] == {"smi-conformance/run": "r1"}


def test_role_that_grants_too_much_is_the_accounts_trouble(cluster, fake, say):
    """The suite's account lacks a right then; nothing is wrong with the manifest, nor with the mesh."""
    words = 'user "suite" (groups=[]) is attempting to grant RBAC permissions not currently held: {...}'
    fake.script("POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/here/roles", say(403, words))
    with pytest.raises(EnvironmentBrokenError, match="attempting to grant") as broken:
        cluster.apply([a_role()])
    assert "fixtures/rbac/suite.yaml" in broken.value.hint
