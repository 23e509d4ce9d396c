"""What lists can be chosen by, beside labels' equality: numbers, names, namespaces; and that nothing is watched."""

import pytest

from conformance.refmesh.metrics.selectors import as_object, fits, parse_selector
from conformance.tests.doubles.mesh_figures import an_api, ask, read

LABELS = {"app": "shop", "shelf": "7", "debt": "-3", "size": "7up"}


@pytest.fixture
def api():
    return an_api()


@pytest.mark.parametrize(
    ("selector", "is_met"),
    [
        ("shelf>6", True),
        ("shelf > 7", False),
        ("shelf<8,app=shop", True),
        ("shelf<7", False),
        ("debt<0", True),
        ("size>1", False),
        ("floor>0", False),
    ],
)
def test_numbers_are_compared_as_kubernetes_does(selector, is_met):
    """A label that is missing, or no whole number, is neither more nor less."""
    assert fits(parse_selector(selector), LABELS) is is_met


@pytest.mark.parametrize("selector", ["shelf>", "shelf>few", "shelf>=7", "shelf>1<9", ">7"])
def test_comparison_takes_one_whole_number(api, selector):
    """Anything else is a bad request."""
    assert ask(api, "/pods", labelSelector=selector).status == 400


def test_comparison_is_shown():
    """In the words of a NodeSelector: a LabelSelector has none."""
    shown = as_object(parse_selector("shelf>6"))
    assert shown == {"matchExpressions": [{"key": "shelf", "operator": "Gt", "values": ["6"]}]}


@pytest.mark.parametrize(
    ("path", "fields", "names"),
    [
        ("/namespaces/here/deployments", "metadata.name=shop", [("here", "shop")]),
        ("/deployments", "metadata.name==client-a", [("here", "client-a"), ("there", "client-a")]),
        ("/deployments", "metadata.name=client-a,metadata.namespace!=here", [("there", "client-a")]),
        ("/deployments", "metadata.namespace=there", [("there", "client-a")]),
        ("/namespaces/here/deployments", "metadata.namespace=there", []),
    ],
)
def test_fields_choose_by_name_and_namespace(api, path, fields, names):
    """As every list of Kubernetes."""
    found = [one["resource"] for one in read(api, path, fieldSelector=fields)["items"]]
    assert [(one["namespace"], one["name"]) for one in found] == names


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ("status.phase=Running", '"status.phase" is not a known field selector: only "metadata.name"'),
        ("metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'"),
    ],
)
def test_other_fields_are_a_bad_request(api, fields, words):
    """In the words of an API server."""
    answer = ask(api, "/pods", fieldSelector=fields)
    assert (answer.status, answer.body["reason"]) == (400, "BadRequest")
    assert words in answer.body["message"]


@pytest.mark.parametrize("watch", ["true", "1", "", "yes"])
def test_nothing_is_watched(api, watch):
    """A resource that cannot be watched answers 405, and no list."""
    answer = ask(api, "/namespaces/here/pods", watch=watch)
    assert (answer.status, answer.body["reason"], answer.body["code"]) == (405, "MethodNotAllowed", 405)
    assert answer.body["message"] == 'watch is not supported on resources of kind "pods.metrics.smi-spec.io"'


@pytest.mark.parametrize("watch", ["false", "0", "False"])
def test_list_is_a_list_where_watching_is_declined(api, watch):
    """Kubernetes reads these words as no."""
    assert read(api, "/namespaces/here/pods", watch=watch)["items"]


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ({}, ("list", "")),
        ({"watch": "true"}, ("watch", "")),
        ({"fieldSelector": "metadata.name=shop"}, ("list", "shop")),
        ({"fieldSelector": "metadata.name!=shop"}, ("list", "")),
    ],
)
def test_rights_are_those_that_kubernetes_asks_for(query, asked):
    """Watching is a verb of its own, and a list of one name needs rights to that name."""
    seen = []
    api = an_api(may=lambda action: seen.append((action.verb, action.name)) or True)
    ask(api, "/namespaces/here/deployments", **query)
    assert seen == [asked]
