"""What a structural schema says of a value, in the words of an API server."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance import places
from conformance.cluster.embedded.kinds import read_kinds
from conformance.cluster.embedded.schema import problems, pruned, unknown_fields
from conformance.errors import ScenarioError
from conformance.spec import KINDS

INT_OR_STRING = {"x-kubernetes-int-or-string": True, "pattern": "^[0-9]+m?$"}


@pytest.mark.parametrize(
    ("value", "schema", "words"),
    [
        ("5", {"type": "integer"}, 'a: Invalid value: "string": a in body must be of type integer: "string"'),
        (0.5, {"type": "integer"}, 'a: Invalid value: "number": a in body must be of type integer: "number"'),
        (
            True,
            {"type": "integer"},
            'a: Invalid value: "boolean": a in body must be of type integer: "boolean"',
        ),
        (None, {"type": "object"}, 'a: Invalid value: "null": a in body must be of type object: "null"'),
        ([], {"type": "object"}, 'a: Invalid value: "array": a in body must be of type object: "array"'),
        ({}, {"type": "string"}, 'a: Invalid value: "object": a in body must be of type string: "object"'),
        (-1, {"minimum": 0}, "a: Invalid value: -1: a in body should be greater than or equal to 0"),
        (9, {"maximum": 8}, "a: Invalid value: 9: a in body should be less than or equal to 8"),
        ("x", {"enum": ["y", "z"]}, 'a: Unsupported value: "x": supported values: "y", "z"'),
        ("x", INT_OR_STRING, "a: Invalid value: \"x\": a in body should match '^[0-9]+m?$'"),
        (
            1.5,
            INT_OR_STRING,
            'a: Invalid value: "number": a in body must be of type integer,string: "number"',
        ),
        ([], {"minItems": 1}, "a: Invalid value: 0: a in body should have at least 1 items"),
        ([1, 2], {"maxItems": 1}, "a: Too many: 2: must have at most 1 items"),
        ({}, {"minProperties": 1}, "a: Invalid value: 0: a in body should have at least 1 properties"),
        ({}, {"required": ["b"]}, "a.b: Required value"),
        (
            {"b": 1},
            {"not": {"required": ["b"]}},
            'a: Invalid value: "": "a" must not validate the schema (not)',
        ),
        (
            {"b": [{"c": 1}]},
            {"properties": {"b": {"items": {"properties": {"c": {"type": "string"}}}}}},
            'a.b[0].c: Invalid value: "integer": a.b[0].c in body must be of type string: "integer"',
        ),
    ],
)
def test_problem_is_said_in_the_words_of_an_api_server(value, schema, words):
    """One line per problem, with the path, the value and the rule."""
    assert list(problems(value, schema, "a")) == [words]


@pytest.mark.parametrize("value", [1, 1.0, "1", "500m"])
def test_int_or_string_takes_both(value):
    """Quantities are written either way; 1.0 is a whole number to an API server."""
    assert list(problems(value, INT_OR_STRING)) == []


def test_unknown_fields_are_found_at_every_depth():
    """In objects, in lists of objects and beside known fields; the keys of a map are never unknown."""
    inner = {"properties": {"known": {}, "map": {"additionalProperties": {"type": "string"}}}}
    schema = {"properties": {"list": {"items": inner}, "spec": inner}}
    value = {"list": [{"known": 1, "odd": 2}], "spec": {"map": {"any": "x"}, "odd": 1}, "odd": {"deep": 1}}
    assert list(unknown_fields(value, schema)) == ["list[0].odd", "spec.odd", "odd"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
)
schemas = st.recursive(
    st.just({}),
    lambda inner: st.fixed_dictionaries(
        {}, optional={"properties": st.dictionaries(st.sampled_from("abc"), inner), "items": inner}
    ),
)


@settings(deadline=None)  # a busy machine is no finding
@given(json_values, schemas)
def test_what_is_pruned_has_no_unknown_fields(value, schema):
    """Pruning drops exactly what strict validation would refuse."""
    kept = pruned(value, schema)
    assert list(unknown_fields(kept, schema)) == []
    assert (kept == value) == (list(unknown_fields(value, schema)) == [])


def test_defaults_fill_in_what_is_missing():
    """A default stands where nothing was written, and gives way to what was."""
    schema = {"properties": {"a": {"default": 1}, "b": {"default": 2}}}
    assert pruned({"a": 5}, schema) == {"a": 5, "b": 2}


CRDS = [
    document
    for path in sorted((places.fixtures_root() / "crds").glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text("utf-8"))
]


def test_crds_are_the_kinds_of_the_spec():
    """Every kind that is stored as an object has a CRD, in every version the spec gives it, and none else."""
    found = {
        (crd["spec"]["names"]["kind"], crd["spec"]["names"]["plural"], crd["spec"]["group"]): [
            version["name"] for version in crd["spec"]["versions"]
        ]
        for crd in CRDS
    }
    assert found == {
        (kind.name, kind.plural, kind.group.value): [version.value for version in kind.versions]
        for kind in KINDS
    }


@pytest.mark.parametrize("crd", CRDS, ids=lambda crd: crd["metadata"]["name"])
def test_crd_would_be_taken_by_kubernetes(crd):
    """Name and scope fit, all versions are served, one is stored, and every part of a schema has a type."""
    spec = crd["spec"]
    assert crd["apiVersion"] == "apiextensions.k8s.io/v1"
    assert crd["metadata"]["name"] == f"{spec['names']['plural']}.{spec['group']}"
    assert spec["scope"] == "Namespaced"
    assert [version["name"] for version in spec["versions"] if version["storage"]] == ["v1alpha4"]
    assert all(version["served"] for version in spec["versions"])
    assert all(not untyped(version["schema"]["openAPIV3Schema"]) for version in spec["versions"])


def untyped(schema, path="") -> list[str]:
    """List the parts of a schema without a type: a structural schema has one everywhere."""
    below = {**schema.get("properties", {})}
    below |= {key: schema[key] for key in ("items", "additionalProperties") if key in schema}
    found = [] if "type" in schema or schema.get("x-kubernetes-int-or-string") else [path]
    return found + [one for name, child in below.items() for one in untyped(child, f"{path}.{name}")]


def test_short_names_are_those_of_the_published_schemas():
    """What people type is the same here as with the published definitions."""
    names = {crd["spec"]["names"]["kind"]: crd["spec"]["names"]["shortNames"] for crd in CRDS}
    assert names == {
        "TrafficTarget": ["tt"],
        "IdentityBinding": ["ib"],
        "HTTPRouteGroup": ["htr"],
        "TCPRoute": ["tr"],
        "UDPRoute": ["ur"],
        "TrafficSplit": ["ts"],
    }


def test_cluster_serves_what_the_crds_declare(cluster):
    """Whoever asks what is served learns it from the same files."""
    assert cluster.served() == {kind.name: tuple(one.value for one in kind.versions) for kind in KINDS}


def test_file_that_is_no_crd_is_named(tmp_path):
    """A stray file in the folder is found by its name."""
    (tmp_path / "odd.yaml").write_text("kind: Odd\n")
    with pytest.raises(ScenarioError, match=r"odd\.yaml is no CustomResourceDefinition"):
        read_kinds(tmp_path)
