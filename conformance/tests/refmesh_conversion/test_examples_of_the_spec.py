"""The examples of the spec's own documents in every version, where a copy of them lies beside the project."""

import pytest

from conformance.cluster.embedded.schema import problems, unknown_fields
from conformance.refmesh.conversion import convert, written
from conformance.spec import kind_named
from conformance.tests.refmesh_conversion.generated import schema_of
from conformance.tests.spec_examples.test_documents import FOUND, SLIPS, needs_documents


@needs_documents
@pytest.mark.parametrize("example", [one for one in FOUND if (one.document, one.place) not in SLIPS], ids=str)
def test_example_is_told_in_every_version_and_comes_back(example):
    """Each rendering is valid in its version, and leads back to what the document prints."""
    body, kind = dict(example.manifest().body), kind_named(example.manifest().kind)
    for version in kind.versions:
        told = convert(body, version)
        fields = {
            name: value for name, value in told.items() if name not in {"apiVersion", "kind", "metadata"}
        }
        schema = schema_of(kind, version)
        assert [*problems(fields, schema), *unknown_fields(fields, schema)] == []
        assert written(told) == body
