"""What the reference mesh's metrics API answers about a small world whose traffic is known."""

import re

import pytest

from conformance.refmesh.metrics import SilentSourceError
from conformance.refmesh.metrics.asking import ROOT, MetricsRequest
from conformance.tests.doubles.mesh_figures import NODE, OneWindow, an_api, ask, counts, pod_of, read, values

SHOP = f"/namespaces/here/pods/{pod_of('shop')}"
QUANTITY = re.compile(r"\d+[mu]?")


@pytest.fixture
def api():
    return an_api()


def peers(body):
    return {
        (
            one["edge"]["direction"],
            one["edge"]["resource"].get("namespace"),
            one["edge"]["resource"]["name"],
        ): counts(one)
        for one in body["items"]
    }


def test_pod_has_what_it_received(api):
    """Successes and failures by the server's count; 403 and 503 are failures."""
    body = read(api, SHOP)
    assert counts(body) == ("100", "8")
    assert body["edge"] == {"direction": "from", "side": "server", "resource": {}}
    assert (body["timestamp"], body["window"]) == ("2026-01-02T03:04:05.678000Z", "2s")


def test_object_has_the_shape_of_the_text(api):
    """Exactly these fields, in this form."""
    body = read(api, SHOP)
    assert set(body) == {
        "kind",
        "apiVersion",
        "metadata",
        "resource",
        "edge",
        "timestamp",
        "window",
        "metrics",
    }
    assert (body["kind"], body["apiVersion"]) == ("TrafficMetrics", "metrics.smi-spec.io/v1alpha1")
    assert body["resource"] == {
        "kind": "Pod",
        "apiVersion": "v1",
        "namespace": "here",
        "name": pod_of("shop"),
    }
    latencies = [f"p{one}_response_latency" for one in (99, 90, 50)]
    assert [one["name"] for one in body["metrics"]] == [*latencies, "success_count", "failure_count"]
    assert [set(one) for one in body["metrics"]] == [{"name", "unit", "value"}] * 3 + [{"name", "value"}] * 2
    assert all(QUANTITY.fullmatch(one["value"]) for one in body["metrics"])


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/namespaces/here/deployments/shop", ("130", "8")),
        ("/namespaces/here/replicasets/shop-5d4f8", ("130", "8")),
        ("/namespaces/here/services/shop", ("132", "8")),
        ("/namespaces/here/services/website-v1", ("83", "0")),
        ("/namespaces/here", ("219", "38")),
        ("/namespaces/there", ("0", "0")),
        (f"/nodes/{NODE}", ("219", "38")),
        ("/namespaces/here/deployments/idle", ("0", "0")),
        ("/namespaces/here/services/website", ("0", "0")),
    ],
)
def test_what_contains_pods_has_their_sums(api, path, wanted):
    """By ownership, place or selector; idle objects have zeros."""
    assert counts(read(api, path)) == wanted


def test_percentiles_of_an_aggregate_are_those_of_all_its_calls(api):
    """99 of 138 calls were fast, and ten took 800 ms."""
    found = values(read(api, "/namespaces/here/deployments/shop"))
    assert found["p50_response_latency"].endswith("u")
    assert 1000 <= int(found["p50_response_latency"][:-1]) <= 1100
    assert found["p99_response_latency"].startswith("80")


def test_edges_say_who_called_and_whom_it_called(api):
    """Each peer once for each direction, with its own namespace, and nobody who was not seen."""
    assert peers(read(api, f"{SHOP}/edges")) == {
        ("from", "here", pod_of("client-a")): ("100", "0"),
        ("from", "here", pod_of("client-b")): ("0", "8"),
        ("to", "here", pod_of("website-v1")): ("6", "0"),
    }
    assert ("from", "there", "client-a") in peers(read(api, "/namespaces/here/deployments/shop/edges"))


def test_edge_agrees_at_both_ends(api):
    """What client-a sent to shop is what shop received from client-a."""
    sent = peers(read(api, "/namespaces/here/deployments/client-a/edges"))
    received = peers(read(api, "/namespaces/here/deployments/shop/edges"))
    assert sent["to", "here", "shop"] == received["from", "here", "client-a"] == ("110", "0")


def test_split_has_an_object_for_each_backend(api):
    """A call straight to a backend's Service is none of the split's."""
    body = read(api, "/namespaces/here/trafficsplits/website-split")
    assert body["kind"] == "TrafficMetricsList"
    assert [(one["backend"], counts(one)) for one in body["items"]] == [
        ({"apex": "website", "name": "website-v1", "weight": 70}, ("70", "0")),
        ({"apex": "website", "name": "website-v2", "weight": 30}, ("0", "30")),
    ]
    assert {(one["edge"]["direction"], one["edge"]["side"]) for one in body["items"]} == {("from", "client")}


def test_list_names_a_type_and_has_each_object_once(api):
    """In one namespace or in all."""
    body = read(api, "/namespaces/here/deployments")
    assert body["resource"] == {"kind": "Deployment", "apiVersion": "apps/v1", "namespace": "here"}
    names = [one["resource"]["name"] for one in body["items"]]
    assert names == sorted(set(names))
    assert "shop" in names
    everywhere = read(api, "/deployments")
    assert len(everywhere["items"]) == len(names) + 1
    assert "namespace" not in everywhere["resource"]


@pytest.mark.parametrize(
    ("selector", "names", "shown"),
    [
        ("app=shop", ["shop"], {"matchLabels": {"app": "shop"}}),
        ("app in (shop, idle)", ["idle", "shop"], None),
        ("side=server,app!=shop,app notin (idle,shop-like)", ["website-v1", "website-v2"], None),
        ("!app", [], {"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}),
        ("nothing=there", [], {"matchLabels": {"nothing": "there"}}),
    ],
)
def test_selector_chooses_objects_and_is_shown(api, selector, names, shown):
    """Figures stay as they are."""
    body = read(api, "/namespaces/here/deployments", labelSelector=selector)
    assert [one["resource"]["name"] for one in body["items"]] == names
    assert "selector" in body
    if shown:
        assert body["selector"] == shown
    all_of_them = {one["resource"]["name"]: one for one in read(api, "/namespaces/here/deployments")["items"]}
    assert all(one == all_of_them[one["resource"]["name"]] for one in body["items"])


@pytest.mark.parametrize("selector", ["=", "a=b=c", "app in shop", "a b"])
def test_wrong_selector_is_a_bad_request(api, selector):
    """Kubernetes answers 400 as well."""
    answer = ask(api, "/pods", labelSelector=selector)
    assert (answer.status, answer.body["kind"], answer.body["reason"]) == (400, "Status", "BadRequest")


@pytest.mark.parametrize(
    "path",
    [
        "/widgets",
        "/namespaces/here/widgets/one",
        "/namespaces/here/pods/no-such-pod",
        "/namespaces/here/pods/no-such-pod/edges",
        "/namespaces/nowhere",
        "/namespaces/nowhere/edges",
        "/nodes/nothing",
        "/pods/one",
        f"/namespaces/here/nodes/{NODE}",
        f"{SHOP}/logs",
        f"{SHOP}/edges/one",
    ],
)
def test_what_is_not_there_is_not_found(api, path):
    """With a Status, as Kubernetes has it."""
    answer = ask(api, path)
    assert (answer.status, answer.body["kind"], answer.body["code"]) == (404, "Status", 404)
    assert answer.body["reason"] == "NotFound"


def test_list_in_an_unknown_namespace_is_empty(api):
    """As on Kubernetes."""
    assert read(api, "/namespaces/nowhere/pods")["items"] == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", [SHOP, "/pods", f"{SHOP}/edges", ""])
def test_nothing_can_be_written(api, path, method):
    """405, with a Status."""
    answer = ask(api, path, method)
    assert (answer.status, answer.body["reason"]) == (405, "MethodNotAllowed")


@pytest.mark.parametrize("end", ["", "/"])
def test_discovery_lists_eleven_resources(api, end):
    """Namespaces and nodes have no namespace."""
    body = read(api, end)
    assert (body["kind"], body["groupVersion"]) == ("APIResourceList", "metrics.smi-spec.io/v1alpha1")
    assert len(body["resources"]) == 11
    assert {one["name"] for one in body["resources"] if not one["namespaced"]} == {"namespaces", "nodes"}
    assert {(one["kind"], *one["verbs"]) for one in body["resources"]} == {("TrafficMetrics", "get", "list")}
    assert all(ask(api, f"/{one['name']}").status == 200 for one in body["resources"])


@pytest.mark.parametrize(
    ("path", "action"),
    [
        (SHOP, ("get", "pods", "here", pod_of("shop"))),
        (f"{SHOP}/edges", ("get", "pods/edges", "here", pod_of("shop"))),
        ("/namespaces/here/pods", ("list", "pods", "here", "")),
        ("/pods", ("list", "pods", "", "")),
        ("/namespaces/here", ("get", "namespaces", "here", "here")),
        ("/namespaces/here/edges", ("get", "namespaces/edges", "here", "here")),
        ("/namespaces", ("list", "namespaces", "", "")),
    ],
)
def test_rights_are_asked_for_in_the_words_of_rbac(path, action):
    """And whoever has none learns nothing of what exists."""
    asked = []
    answer = ask(an_api(may=lambda one: bool(asked.append(one))), path)
    assert [(one.verb, one.resource, one.namespace, one.name) for one in asked] == [action]
    assert (answer.status, answer.body["reason"]) == (403, "Forbidden")


def test_lack_of_rights_comes_before_everything_else():
    """What does not exist, and what cannot be written, is forbidden as well."""
    api = an_api(may=lambda _: False)
    assert ask(api, "/namespaces/here/pods/no-such-pod").status == 403
    assert ask(api, SHOP, "DELETE").status == 403


def test_namespace_called_edges_is_no_list_of_edges(api):
    """Simple routers confuse the two."""
    assert ask(api, "/namespaces/edges").status == 404
    assert read(api, "/namespaces/edges/pods")["items"] == []
    assert (
        ask(api, "/namespaces/here/pods/edges").body["message"].startswith('pods.metrics.smi-spec.io "edges"')
    )


def test_head_is_answered_as_get(api):
    """Whoever carries the answer leaves the body out."""
    assert api.answer(MetricsRequest(method="HEAD", path=f"{ROOT}/pods")).status == 200


def test_without_traffic_every_figure_is_zero():
    """No error, and no number that is none."""
    body = read(an_api(source=OneWindow(())), SHOP)
    assert set(values(body).values()) == {"0"}
    assert read(an_api(source=OneWindow(())), f"{SHOP}/edges")["items"] == []


class Silent:
    """A source that cannot be asked."""

    def traffic(self, inventory):
        raise SilentSourceError("nobody answers", "http://there", "start it")

    since_start = traffic


@pytest.mark.parametrize("path", [SHOP, "/namespaces/here/pods", f"{SHOP}/edges"])
def test_source_that_cannot_be_asked_is_no_zero(path):
    """Whoever asks is told that nobody knows, and where to look; what needs no figures is answered as ever."""
    api = an_api(source=Silent())
    answer = ask(api, path)
    assert (answer.status, answer.body["kind"], answer.body["reason"]) == (
        503,
        "Status",
        "ServiceUnavailable",
    )
    assert answer.body["message"] == "nobody answers; where: http://there; try: start it"
    assert ask(api, "").status == 200
    assert ask(api, "/namespaces/here/pods/no-such-pod").status == 404
