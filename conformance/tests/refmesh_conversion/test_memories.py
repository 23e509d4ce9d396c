"""The annotation that renderings carry may have been written by anybody."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.refmesh.conversion import WRITTEN_AS, convert, written
from conformance.refmesh.conversion.memory import digest_of
from conformance.spec import ApiVersion
from conformance.tests.doubles.smi_objects import a_group, a_port_route, a_rule, a_split, a_target, an_account

_V1, _V2, _V3, _V4 = ApiVersion
_KINDS = [a_target(), a_group(), a_port_route(ports=[80]), a_split()]


def _with_memory(body, memory):
    annotation = memory if isinstance(memory, str) else json.dumps(memory)
    return {**body, "metadata": {**body["metadata"], "annotations": {WRITTEN_AS: annotation}}}


def _fields(body):
    return {name: value for name, value in body.items() if name not in {"apiVersion", "kind", "metadata"}}


_OPEN = _fields(a_target("v1alpha2", sources=[an_account("client-a"), an_account("intruder")]))


@pytest.mark.parametrize(
    "memory",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        '{"version": "v1alpha2", "fields": ' + '{"a":' * 400 + "1" + "}" * 400 + "}",
        '{"version": "v1alpha2", "fields": {"spec": NaN}}',
        '{"version": "v1alpha2", "fields": {"spec": {"rules": 1e999}}}',
        {"version": "v1beta1", "fields": _OPEN},
        {"version": "v1alpha4", "fields": _OPEN},
        {"version": ["v1alpha2"], "fields": _OPEN},
        {"version": "v1alpha2", "fields": [_OPEN]},
        {"version": "v1alpha2"},
        {"fields": _OPEN},
    ],
    ids=range(14),
)
def test_malformed_memory_is_none(memory):
    """What is shown counts, and nobody else's object stops being told."""
    assert written(_with_memory(a_target(), memory)) == a_target()


@pytest.mark.parametrize("digest", ["", digest_of(_fields(a_target())), digest_of(_OPEN)])
def test_memory_that_does_not_lead_to_what_is_shown_is_not_believed(digest):
    """A reviewer who reads one source must not let in another by way of an annotation."""
    memory = {"version": "v1alpha2", "fields": _OPEN, "digest": digest}
    assert written(_with_memory(a_target(), memory)) == a_target()


def test_memory_of_another_rendering_is_not_believed_in_part():
    """Where nobody edited what is shown, there is no edit to bring together with what was written."""
    both = [an_account("client-a"), an_account("client-b")]
    shown = a_target("v1alpha4", rules=[a_rule("routes:see-v1alpha2")])
    memory = {
        "version": "v1alpha2",
        "fields": _fields(a_target("v1alpha2", port=8080, sources=both)),
        "digest": digest_of(_fields(shown)),
    }
    assert written(_with_memory(shown, memory)) == shown


def _deep(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


@pytest.mark.parametrize(
    "hidden", ["NaN", "1e999", _deep(20), _deep(450)], ids=["nan", "inf", "deep", "deeper"]
)
def test_memory_that_could_not_be_written_out_is_none(hidden):
    """What v1alpha1 does not show is never compared with anything; it must not get into an answer."""
    shown = a_group("v1alpha1", {"name": "x", "pathRegex": r"[^\s\S]", "methods": ["*"]})
    entry = '{"name": "x", "headers": {"a": ' + hidden + "}}"
    memory = '{"version": "v1alpha4", "digest": "", "fields": {"spec": {"matches": [' + entry + "]}}}"
    assert written(_with_memory(shown, memory)) == shown


def test_memory_moved_to_another_namespace_is_not_believed():
    """The rendering of a v1alpha4 destination depends on the namespace; copied elsewhere, what is shown counts."""
    shown = convert(a_target("v1alpha4", destination=an_account("shop", "there")), _V3)
    moved = {**shown, "metadata": {**shown["metadata"], "namespace": "there"}}
    assert written(moved)["apiVersion"].endswith("v1alpha3")
    assert written(moved)["spec"] == shown["spec"]


_WORDS = (
    *("spec", "matches", "specs", "rules", "sources", "destination", "port", "kind"),
    *("name", "headers", "backends", "weight", "service"),
)
_json = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-2, 10**20), st.sampled_from(["", "a", "1e99", "TCPRoute"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(_WORDS),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("body", _KINDS, ids=lambda body: body["kind"])
@settings(max_examples=80, deadline=None)
@given(
    fields=st.dictionaries(st.sampled_from(["spec", "matches", "specs", "sources", "destination"]), _json),
    memory=_json,
    versions=st.permutations(list(ApiVersion)),
)
def test_no_nonsense_stops_a_conversion(body, fields, memory, versions):
    """One object that cannot be told would keep an API server from listing all others of its kind."""
    group = body["apiVersion"].partition("/")[0]
    bare = {
        "apiVersion": f"{group}/{versions[0].value}",
        "kind": body["kind"],
        "metadata": body["metadata"],
        **fields,
    }
    remembered = {"version": versions[1].value, "fields": memory, "digest": ""}
    told = convert(_with_memory(bare, remembered), versions[2])
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_annotations_of_others_stay():
    """Only one annotation is the mesh's own."""
    body = a_target("v1alpha2", rules=[a_rule("other")])
    body["metadata"]["annotations"] = {"team": "shop"}
    shown = convert(body, _V4)
    assert shown["metadata"]["annotations"]["team"] == "shop"
    assert written(shown) == body
