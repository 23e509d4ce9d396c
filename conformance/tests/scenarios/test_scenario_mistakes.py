"""What a person is told who makes a mistake in a scenario: where it is, and what would be right."""

import pytest

from conformance.errors import ScenarioError
from conformance.scenario import load_scenario

MISTAKES = {
    "a misspelt key": ("summary:", "sumary:", 4, "unknown key 'sumary'", "did you mean 'summary'?"),
    "a missing key": ("why: To be changed by a test.\n", "", 1, "lacks 'why'", "add `why`"),
    "a misspelt kind": (
        "HTTPRouteGroup: routes\n",
        "HTTPRoutGroup: routes\n",
        9,
        "HTTPRoutGroup",
        "'HTTPRouteGroup'",
    ),
    "a kind of another API": (
        "HTTPRouteGroup: routes\n",
        "ConfigMap: routes\n",
        9,
        "'ConfigMap' is no kind",
        "the kinds are",
    ),
    "a misspelt field of an object": (
        "pathRegex",
        "pathRegexp",
        10,
        "'pathRegexp'",
        "did you mean 'pathRegex'?",
    ),
    "an unknown method": ("methods: [GET]", "methods: [GTE]", 10, "is 'GTE'", "did you mean 'GET'?"),
    "an unknown version": ("v1alpha4", "v1alpha5", 3, "'v1alpha5'", "did you mean 'v1alpha4'?"),
    "an unknown requirement": (
        "access.deny.unlisted-source",
        "access.deny.unlisted-sources",
        2,
        "no requirement 'access.deny.unlisted-sources'",
        "did you mean 'access.deny.unlisted-source'?",
    ),
    "a requirement of other versions": (
        "access.deny.unlisted-source",
        "access.destination.port-restricts",
        3,
        "does not hold in v1alpha3",
        "list only v1alpha1, v1alpha2",
    ),
    "a requirement of another API": (
        "access.deny.unlisted-source",
        "specs.http.path-is-regex",
        2,
        "belongs to specs.smi-spec.io",
        "put the requirement of this folder's API first",
    ),
    "an id of another folder": (
        "id: traffic-access/",
        "id: traffic-split/",
        1,
        "names another folder",
        "begin it with 'traffic-access/'",
    ),
    "a caller who is not there": (
        "from: [client-a, client-b]",
        "from: [client-a, clinet-b]",
        15,
        "no workload 'here/clinet-b'",
        "did you mean 'here/client-b'?",
    ),
    "a Service that is not there": ("to: [shop]", "to: [shpo]", 15, "no Service 'here/shpo'", "'here/shop'"),
    "a source that is not there": (
        "sources: [client-a]",
        "sources: [client-q]",
        13,
        "'here/client-q'",
        "as an object",
    ),
    "a destination that is not there": (
        "destination: shop",
        "destination: shoop",
        12,
        "'here/shoop'",
        "'here/shop'",
    ),
    "a route that no step applies": (
        "{HTTPRouteGroup: routes,",
        "{HTTPRouteGroup: route,",
        14,
        "no step applies a HTTPRouteGroup 'route'",
        "did you mean 'routes'?",
    ),
    "a rule of two kinds": (
        "{HTTPRouteGroup: routes,",
        "{HTTPRouteGroup: routes, TCPRoute: x,",
        14,
        "single",
        "one per",
    ),
    "a port that a version lacks": (
        "destination: shop\n",
        "destination: shop\n        port: 8080\n",
        13,
        "no `port` in access v1alpha3, but access.smi-spec.io/v1alpha3 is listed",
        "list v1alpha1 and v1alpha2 only",
    ),
    "headers that a version lacks": (
        "methods: [GET]",
        "methods: [GET], headers: {x-a: b}",
        9,
        "has `headers`, which specs v1alpha1 does not know",
        "list v1alpha2 and newer",
    ),
    "an omission that a version forbids": (
        ", methods: [GET]",
        "",
        9,
        "lacks `methods`, which specs v1alpha1 demands",
        'methods: ["*"]',
    ),
    "sources left out": ("        sources: [client-a]\n", "", 11, "without `sources`", "write `sources: []`"),
    "a step that asks nothing": (
        "    ask: {from: [client-a, client-b], to: [shop], requests: [GET /metrics]}\n",
        "",
        7,
        "'client-a is listed' asks nothing",
        "add `ask`",
    ),
    "a port that speaks otherwise": (
        "to: [shop],",
        "to: [shop], ports: [8300],",
        15,
        "does not speak http on port 8300",
        "[8080, 9090]",
    ),
    "raw TCP that is not declared": (
        "requests: [GET /metrics]",
        "ports: [8300], requests: [TCP]",
        15,
        "a raw TCP line is sent",
        "`needs: [tcp]`",
    ),
    "a connection that raw TCP lines are to share": (
        "requests: [GET /metrics]",
        "ports: [8300], requests: [TCP], keep_alive: true",
        15,
        "a raw TCP line has a connection to itself",
        "leave `keep_alive` out",
    ),
    "pods that are replaced before anybody asked": (
        "    ask: {from:",
        "    replace_pods: [shop]\n    ask: {from:",
        15,
        "finds new pods as it is",
        "in a step of its own",
    ),
    "a caller outside the mesh that is not declared": (
        "from: [client-a, client-b]",
        "from: [outside/outsider]",
        15,
        "outside the mesh",
        "`needs: [unmeshed]`",
    ),
    "a pod's address that is not declared": (
        "to: [shop],",
        "to: [shop], by: [pod],",
        15,
        "by its own address",
        "`needs: [pod-address]`",
    ),
    "a short name from elsewhere": (
        "from: [client-a, client-b], to: [shop],",
        "from: [there/client-a], to: [shop], by: [short],",
        15,
        "by its short name",
        "call it by `service`",
    ),
    "a request that is none": (
        "[GET /metrics]",
        "[FETCH /metrics]",
        15,
        "FETCH /metrics",
        "a method and a path",
    ),
    "an object applied twice": (
        "      - TrafficTarget: shop\n",
        "      - TCPRoute: t\n      - TCPRoute: t\n      - TrafficTarget: shop\n",
        12,
        "TCPRoute here/t is applied twice",
        "keep one",
    ),
    "an object of two kinds": (
        "TrafficTarget: shop",
        "TrafficTarget: shop\n        TCPRoute: t",
        11,
        "has the unknown key 'TrafficTarget'",
        "the keys are TCPRoute, namespace, ports",
    ),
    "a name of the suite's own": (
        "TrafficTarget: shop",
        "TrafficTarget: open-shop",
        11,
        "'open-'",
        "another name",
    ),
    "something deleted that is not there": (
        "    apply:\n",
        "    delete: [TrafficTarget shop]\n    apply:\n",
        8,
        "TrafficTarget here/shop is not in force",
        "there are no objects in force",
    ),
    "an unknown kind deleted": (
        "    apply:\n",
        "    delete: [TrafficTargets shop]\n    apply:\n",
        8,
        "no SMI kind 'TrafficTargets'",
        "did you mean 'TrafficTarget'?",
    ),
    "an open path of nobody": (
        "steps:\n",
        "open: [client-a -> shopp]\nsteps:\n",
        6,
        "no workload 'here/shopp'",
        "did you mean 'here/shop'?",
    ),
    "a key twice": ("why:", "summary: again\nwhy:", 5, "'summary' stands twice, first on line 4", "keep one"),
    "an alias": ("[client-a, client-b]", "&x [client-a], to: *x", 15, "alias *x", "write out"),
    "a key that is no text": ("why:", "1: x\nwhy:", 5, "'1' is no text", "in quotes"),
    "broken YAML": ("versions: [", "versions: [[", 4, "is no YAML", "mend"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_is_shown_where_it_was_made(read, mistake):
    """Each mistake names its line and says what would be right."""
    old, new, line, what, hint = MISTAKES[mistake]
    with pytest.raises(ScenarioError) as caught:
        read((old, new))
    assert caught.value.where.endswith(f"example.yaml:{line}"), caught.value
    assert what in caught.value.what
    assert hint in caught.value.hint


def test_valid_scenario_is_read(read):
    """The scenario that the mistakes are made in has none itself."""
    assert read().id == "traffic-access/an-example"


def test_folder_of_no_api_is_told_so(read_text, library):
    """A scenario in a folder that no API has is not read."""
    (library / "traffic-jam").mkdir()
    with pytest.raises(ScenarioError, match="no API's"):
        read_text("traffic-jam", SPLIT.format(versions="v1alpha1", backends="website-v1: 1"))


SPLIT = """\
id: traffic-split/an-example
shows: [split.weights.relative]
versions: [{versions}]
summary: An example.
why: To be refused.
steps:
  - name: a split
    apply: [{{TrafficSplit: rollout, service: website, backends: {{{backends}}}}}]
    split: {{from: client-a, to: website, request: GET /}}
"""

SPLIT_MISTAKES = {
    "a quantity in a newer version": (
        "v1alpha1, v1alpha2",
        "website-v1: 500m",
        "'500m' is a quantity, which split v1alpha2 does not take",
    ),
    "a weight that is no number": ("v1alpha1", "website-v1: much", "'much' does not match"),
    "a negative weight": ("v1alpha4", "website-v1: -1", "-1 is less than the minimum"),
    "a backend that is not there": ("v1alpha4", "website-1: 5", "no Service 'here/website-1'"),
}


@pytest.mark.parametrize("mistake", SPLIT_MISTAKES)
def test_mistake_in_a_split_is_told(read_text, mistake):
    """A split's weights and Services are checked, on the line of the split."""
    versions, backends, what = SPLIT_MISTAKES[mistake]
    with pytest.raises(ScenarioError, match=what) as caught:
        read_text("traffic-split", SPLIT.format(versions=versions, backends=backends))
    assert caught.value.where.endswith("example.yaml:8")


def test_missing_file_says_which(tmp_path, world):
    """A file that is not there is named."""
    with pytest.raises(ScenarioError, match="cannot be read") as caught:
        load_scenario(tmp_path / "none.yaml", world)
    assert "none.yaml" in caught.value.where
