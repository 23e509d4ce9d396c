"""The metrics API is found by discovery, asked along Kubernetes' paths, and its refusals become clear messages."""

import json

import pytest

from conformance.cluster.embedded.api_front import json_answer, status_answer
from conformance.errors import EnvironmentBrokenError, UsageError
from conformance.model.api import ApiAnswer
from conformance.tests.doubles.metrics_api import ROOT, a_list, an_edge, an_object
from conformance.top.source import MetricsApi, Question


@pytest.fixture
def metrics(bare_cluster, stub):
    found = MetricsApi(bare_cluster)
    stub.asked.clear()
    return found


def paths(stub):
    return [one.path.removeprefix(ROOT) for one in stub.asked]


def names(reading):
    return [one.resource.name for one in reading.figures]


def test_version_is_the_one_that_is_served(metrics):
    """Sub-resources are no resources of their own."""
    assert metrics.version == "metrics.smi-spec.io/v1alpha1"
    assert [one.name for one in metrics.resources] == ["namespaces", "pods", "deployments", "trafficsplits"]


@pytest.mark.parametrize("word", ["deployments", "deployment", "deploy", "Deployments"])
def test_kind_is_called_as_kubectl_takes_it(metrics, word):
    """Plural, singular, short."""
    assert metrics.resource(word).name == "deployments"


def test_kind_that_is_not_served_is_refused_with_those_that_are(metrics):
    """The mesh's own list."""
    with pytest.raises(UsageError, match="no metrics of 'jobs'") as refused:
        metrics.resource("jobs")
    assert refused.value.hint == "ask for deployments, namespaces, pods, trafficsplits"


@pytest.mark.parametrize(
    ("kind", "rest", "path"),
    [
        ("pods", {"namespace": "here"}, "/namespaces/here/pods"),
        ("pods", {}, "/pods"),
        ("pods", {"namespace": "here", "name": "shop-0"}, "/namespaces/here/pods/shop-0"),
        (
            "pods",
            {"namespace": "here", "name": "shop-0", "edges": True},
            "/namespaces/here/pods/shop-0/edges",
        ),
        ("namespaces", {}, "/namespaces"),
        ("namespaces", {"name": "here"}, "/namespaces/here"),
        ("namespaces", {"name": "here", "edges": True}, "/namespaces/here/edges"),
    ],
)
def test_paths_are_kubernetes_own(metrics, stub, kind, rest, path):
    """Namespaced or not, list, object or edges."""
    stub.documents[path] = a_list(an_object())
    assert names(metrics.read(Question(resource=metrics.resource(kind), **rest))) == ["shop"]
    assert paths(stub) == [path]
    assert stub.asked[0].query == ()


def test_namespaces_lie_in_none_whatever_is_said(bare_cluster, stub):
    """Some discovery calls them namespaced."""
    stub.documents[""] = {"resources": [{"name": "namespaces", "namespaced": True}]}
    assert MetricsApi(bare_cluster).resource("ns").namespaced is False


def test_selector_is_passed_on(metrics, stub):
    """As Kubernetes' own parameter."""
    stub.documents["/pods"] = a_list()
    metrics.read(Question(resource=metrics.resource("pods"), selector="app in (a, b)"))
    assert stub.asked[0].query == (("labelSelector", "app in (a, b)"),)


def test_edges_of_all_are_those_of_each(metrics, stub):
    """The selector says which objects; one that has gone meanwhile has no edges."""
    stub.documents["/namespaces/here/deployments"] = a_list(*map(an_object, ("shop", "till", "gone", "shop")))
    stub.documents["/namespaces/here/deployments/shop/edges"] = a_list(
        an_edge("shop", "a"), an_edge("shop", "b")
    )
    stub.documents["/namespaces/here/deployments/till/edges"] = a_list(an_edge("till", "shop", "to"))
    question = Question(resource=metrics.resource("deploy"), namespace="here", selector="app", edges=True)
    reading = metrics.read(question)
    assert [(one.resource.name, one.peer.name) for one in reading.figures] == [
        ("shop", "a"),
        ("shop", "b"),
        ("till", "shop"),
    ]
    assert [one.query for one in stub.asked] == [(("labelSelector", "app"),), (), (), ()]


def test_without_the_api_it_is_said_what_was_looked_for(bare_cluster):
    """A cluster without a mesh, or with one that serves no metrics."""
    with pytest.raises(EnvironmentBrokenError, match=r"serves no metrics\.smi-spec\.io") as broken:
        MetricsApi(bare_cluster)
    assert broken.value.where == "/apis/metrics.smi-spec.io, cluster stub"


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (
            status_answer(404, "NotFound", 'pods "x" not found'),
            UsageError,
            'nothing to show for pods.*"x" not found',
        ),
        (
            status_answer(400, "BadRequest", "unable to parse"),
            UsageError,
            "does not understand that: unable to parse",
        ),
        (
            status_answer(403, "Forbidden", "User cannot list"),
            EnvironmentBrokenError,
            "may not read that: User cannot",
        ),
        (status_answer(401, "Unauthorized", "Unauthorized"), EnvironmentBrokenError, "may not read that"),
        (
            status_answer(503, "", "service unavailable"),
            EnvironmentBrokenError,
            "answered 503: service unavailable",
        ),
        (ApiAnswer(status=500, body=b""), EnvironmentBrokenError, "answered 500: nothing that says why"),
        (ApiAnswer(status=200, body=b"<html>"), EnvironmentBrokenError, "no JSON object"),
        (json_answer(200, {}), None, ""),
    ],
    ids=lambda value: str(value.status) if isinstance(value, ApiAnswer) else "",
)
def test_refusal_is_one_clear_message(metrics, stub, answer, error, words):
    """What a person got wrong is theirs (exit code 4), the rest is the cluster's (3)."""
    stub.documents["/pods"] = answer
    question = Question(resource=metrics.resource("pods"))
    if error is None:
        assert metrics.read(question).figures == ()
        return
    with pytest.raises(error, match=words) as refused:
        metrics.read(question)
    assert refused.value.where == f"{ROOT}/pods, cluster stub"


def test_group_without_versions_is_no_api(bare_cluster, monkeypatch):
    """An APIService that is registered, and nothing behind it."""
    body = json.dumps({"kind": "APIGroup", "versions": None}).encode()
    monkeypatch.setattr(bare_cluster, "call_api", lambda _: ApiAnswer(status=200, body=body))
    with pytest.raises(EnvironmentBrokenError, match="served in no version"):
        MetricsApi(bare_cluster)


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ({}, "pods in all namespaces"),
        ({"namespace": "here", "selector": "app=a"}, "pods in namespace here with app=a"),
        ({"namespace": "here", "name": "x", "edges": True}, "edges of pod x in namespace here"),
    ],
)
def test_question_reads_as_words(metrics, rest, words):
    """They stand above the table and in messages."""
    assert str(Question(resource=metrics.resource("pods"), **rest)) == words
