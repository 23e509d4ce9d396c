"""The examples of the spec's own documents, where a copy of them lies beside the project.

Most are printed without an apiVersion; they are given the version of their document, or, when their kind
belongs to another group, the version the document names as its partner.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from conformance import places
from conformance.cluster.embedded import LocalCluster
from conformance.errors import ManifestRefusedError
from conformance.model.manifest import Manifest
from conformance.spec import KINDS, ApiGroup, ApiVersion, bundle_for, kind_named
from conformance.tests.doubles.objects import STAND_IN_APP

EXAMPLES = places.fixtures_root().parent.parent / "shared" / "spec" / "examples"
_GROUPS = {"access": ApiGroup.ACCESS, "specs": ApiGroup.SPECS, "split": ApiGroup.SPLIT}

SLIPS = {
    ("traffic-access-v1alpha4", 0): '"spec.schemes" must not validate the schema (not)',
    ("traffic-specs-v1alpha1", 1): 'no matches for kind "HTTPRouteGroup" in version "v1alpha1"',
    ("traffic-split-v1alpha3", 2): 'strict decoding error: unknown field "matches"',
    ("traffic-split-v1alpha4", 2): 'strict decoding error: unknown field "matches"',
}
"""Examples that contradict their own document, by file and place in it, with the reason they are refused.

The binding sets two schemes that exclude each other; one apiVersion lacks its group; the A/B test's route
group has the layout that its partner version has given up.
"""


@dataclass(frozen=True, slots=True)
class Example:
    """One object of a document."""

    document: str
    place: int
    written: Any

    def __str__(self) -> str:
        return f"{self.document}-{self.place}-{self.written['metadata']['name']}"

    def manifest(self) -> Manifest:
        """Complete what the document leaves out."""
        api_version = self.written["apiVersion"] or self._api_version()
        metadata = {"namespace": "default", **self.written["metadata"]}
        return Manifest({**self.written, "apiVersion": api_version, "metadata": metadata})

    def _api_version(self) -> str:
        group, version = re.fullmatch(r"traffic-(\w+)-(\w+)", self.document).groups()  # type: ignore[union-attr] # named so
        kind = kind_named(self.written["kind"])
        assert kind is not None
        bundle = bundle_for(
            _GROUPS[group], ApiVersion(version), {one.group: tuple(ApiVersion) for one in KINDS}
        )
        assert bundle is not None
        return kind.api_version(bundle.version_of(kind.group))


def examples() -> Iterator[Example]:
    """Read every example of a kind that is stored as an object; metrics are none."""
    for path in sorted(EXAMPLES.glob("traffic-[as]*.yaml")):
        for place, written in enumerate(yaml.safe_load_all(path.read_text("utf-8"))):
            yield Example(path.stem, place, written)


FOUND = list(examples())
needs_documents = pytest.mark.skipif(not FOUND, reason=f"did not run: no examples of the spec at {EXAMPLES}")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with LocalCluster("documents", tmp_path_factory.mktemp("runs"), app_module=STAND_IN_APP) as opened:
        yield opened


@needs_documents
@pytest.mark.parametrize("example", [one for one in FOUND if (one.document, one.place) not in SLIPS], ids=str)
def test_example_is_stored_as_it_is_printed(cluster, example):
    """What the spec's text shows is valid by our definitions, field by field."""
    manifest = example.manifest()
    cluster.apply([manifest])
    stored = cluster.read(manifest.ref)
    assert {**stored.body, "metadata": {}} == {**manifest.body, "metadata": {}}


@needs_documents
@pytest.mark.parametrize("example", [one for one in FOUND if (one.document, one.place) in SLIPS], ids=str)
def test_slip_of_a_document_is_refused_for_what_it_is(cluster, example):
    """Where an example contradicts the text around it, the text wins."""
    with pytest.raises(ManifestRefusedError) as refused:
        cluster.apply([example.manifest()])
    assert SLIPS[example.document, example.place] in refused.value.what


@needs_documents
def test_every_slip_is_among_the_examples():
    """The table of slips names no example that is not there."""
    assert set(SLIPS) <= {(one.document, one.place) for one in FOUND}
    assert len(FOUND) > len(SLIPS)
