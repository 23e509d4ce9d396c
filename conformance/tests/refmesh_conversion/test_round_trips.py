"""What conversion keeps, for every object that the CRDs call valid."""

from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.cluster.embedded.schema import problems, unknown_fields
from conformance.errors import ManifestRefusedError
from conformance.refmesh.conversion import WRITTEN_AS, convert, written
from conformance.spec import ApiVersion, parse_api_version
from conformance.tests.doubles.smi_objects import (
    a_binding,
    a_group,
    a_port_route,
    a_rule,
    a_split,
    a_target,
    an_account,
    an_entry,
)
from conformance.tests.refmesh_conversion.generated import VERSIONS, bodies, schema_of

_HEAD = ("apiVersion", "kind", "metadata")
_V1, _V2, _V3, _V4 = ApiVersion


def _told(body):
    return {name: value for name, value in body.items() if name not in _HEAD}


def _fresh(body):
    """Give *body* as somebody would write it who knows nothing of its memory."""
    return {**body, "metadata": {"namespace": "here", "name": body["metadata"]["name"]}}


def _tried(test):
    """Try *test* with objects of every kind and version, each on its way through some versions."""
    return pytest.mark.parametrize(("kind", "version"), VERSIONS, ids=_named)(
        settings(max_examples=25, deadline=None)(given(data=st.data())(test))
    )


def _named(one):
    return one.value if isinstance(one, ApiVersion) else one.name


def _journey(data, kind, version):
    stops = st.lists(st.sampled_from(kind.versions), min_size=1, max_size=4)
    return data.draw(bodies(kind, version)), data.draw(stops)


@_tried
def test_journey_through_any_versions_leads_back(data, kind, version):
    """From every stop, the object comes back word for word in the version it was written in."""
    body, stops = _journey(data, kind, version)
    here = body
    for stop in stops:
        here = convert(here, stop)
        assert here["apiVersion"].endswith(stop.value)
        assert written(here) == body
        assert convert(here, version) == body


@_tried
def test_rendering_does_not_depend_on_the_way(data, kind, version):
    """Every rendering is made from what was written, not from the rendering before it."""
    body, stops = _journey(data, kind, version)
    here = body
    for stop in stops:
        here = convert(here, stop)
    assert here == convert(body, stops[-1])


@_tried
def test_rendering_is_valid_in_its_version(data, kind, version):
    """An API server that checks a rendering finds nothing missing, wrong or unknown in it."""
    body, stops = _journey(data, kind, version)
    rendering = _told(convert(body, stops[0]))
    schema = schema_of(kind, stops[0])
    assert list(problems(rendering, schema)) == []
    assert list(unknown_fields(rendering, schema)) == []


@_tried
def test_only_one_annotation_of_the_metadata_changes(data, kind, version):
    """Kubernetes refuses a conversion that touches more; and what is handed in stays as it is."""
    body, stops = _journey(data, kind, version)
    before = deepcopy(body)
    after = convert(body, stops[0])
    annotations = dict(after["metadata"].pop("annotations", {}))
    annotations.pop(WRITTEN_AS, None)
    assert body == before
    assert annotations == body["metadata"].get("annotations", {})
    assert after["metadata"] == {k: v for k, v in body["metadata"].items() if k != "annotations"}


_EXACT = [
    (a_target("v1alpha1", port=8080), _V2),
    (a_target("v1alpha2", port=8080), _V1),
    (a_target("v1alpha2"), _V3),
    (a_target("v1alpha3"), _V1),
    (a_target("v1alpha3", rules=[a_rule(), a_rule("ports", "TCPRoute"), a_rule("u", "UDPRoute")]), _V4),
    (a_target("v1alpha4", rules=[a_rule("ports", "TCPRoute")]), _V3),
    (a_group("v1alpha1"), _V2),
    (a_group("v1alpha2", an_entry(pathRegex="/a", methods=["GET"])), _V1),
    (a_group("v1alpha2", an_entry(headers={"x-user": "1"})), _V3),
    (a_group("v1alpha3", an_entry(headers={"x-user": "1"})), _V4),
    (a_group("v1alpha4"), _V1),
    (a_port_route("v1alpha1"), _V3),
    (a_port_route("v1alpha2"), _V3),
    (a_split("v1alpha2", {"website-v1": 90, "website-v2": 10}), _V1),
    (a_split("v1alpha2"), _V3),
    (a_split("v1alpha3"), _V2),
    (a_split("v1alpha3", matches=[a_rule()]), _V4),
    (a_split("v1alpha4", matches=[a_rule()]), _V3),
]


@pytest.mark.parametrize(("body", "version"), _EXACT)
def test_what_both_versions_can_say_needs_no_memory(body, version):
    """Where the spec's change of version moved fields only, the rendering alone leads back."""
    _, own = parse_api_version(body["apiVersion"])
    back = _fresh(convert(_fresh(convert(body, version)), own))
    assert back == body


@pytest.mark.parametrize(
    ("body", "version", "fields"),
    [
        (
            a_target("v1alpha4", destination={**an_account("shop"), "group": "core"}),
            _V1,
            {
                "destination": an_account("shop"),
                "specs": [a_rule()],
                "sources": [an_account("client-a")],
            },
        ),
        (
            a_group("v1alpha3", {"name": "any"}),
            _V1,
            {"matches": [{"name": "any", "pathRegex": ".*", "methods": ["*"]}]},
        ),
        (a_port_route("v1alpha3"), _V4, {"spec": {"matches": {"ports": []}}}),
        (a_port_route("v1alpha4", ports=[8080]), _V3, {"spec": {}}),
        (a_port_route("v1alpha4", ports=[8080]), _V1, {}),
        (
            a_target("v1alpha4", rules=[a_rule(), a_rule("names", "UDPRoute")]),
            _V2,
            {"spec": a_target("v1alpha2", rules=[a_rule(), a_rule("names:see-v1alpha4")])["spec"]},
        ),
    ],
)
def test_meaning_is_kept_in_the_words_of_the_version(body, version, fields):
    """What a version says otherwise, or says no more of, is told as that version tells it."""
    assert _told(convert(body, version)) == fields


def test_labels_of_a_rendering_are_those_of_the_object():
    """Somebody who labels an object in another version has not edited what it says."""
    rendering = convert(a_target("v1alpha2", port=8080), _V4)
    rendering["metadata"]["labels"] = {"team": "shop"}
    assert written(rendering)["metadata"]["labels"] == {"team": "shop"}
    assert written(rendering)["spec"] == a_target("v1alpha2", port=8080)["spec"]


@pytest.mark.parametrize(
    "body", [a_binding(serviceAccount="shop"), a_port_route(ports=[53], kind="UDPRoute")]
)
def test_kind_is_not_told_in_a_version_it_never_had(body):
    """IdentityBinding and UDPRoute are of v1alpha4 only, and the message names it."""
    assert convert(body, _V4) == body
    with pytest.raises(ManifestRefusedError, match="versions of this kind: v1alpha4"):
        convert(body, _V3)


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("v1", "Pod"),
        ("access.smi-spec.io/v1alpha3", "IdentityBinding"),
        ("split.smi-spec.io/v1alpha4", "TCPRoute"),
    ],
)
def test_stranger_is_refused_by_name(api_version, kind):
    """What SMI does not have is no object to convert."""
    body = {"apiVersion": api_version, "kind": kind, "metadata": {"namespace": "here", "name": "odd"}}
    with pytest.raises(ManifestRefusedError, match=f"{kind} here/odd"):
        written(body)
