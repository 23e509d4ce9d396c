"""What the CRDs accept and refuse, kind by kind and version by version."""

from pathlib import Path

import pytest
import yaml

from conformance.cluster.embedded import LocalCluster
from conformance.errors import ManifestRefusedError
from conformance.model.manifest import Manifest
from conformance.spec import KINDS
from conformance.tests.doubles.objects import STAND_IN_APP, a_namespace

ENTRIES = yaml.safe_load(Path(__file__).with_name("smi_objects.yaml").read_text("utf-8"))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with LocalCluster("examples", tmp_path_factory.mktemp("runs"), app_module=STAND_IN_APP) as opened:
        opened.apply([a_namespace()])
        yield opened


def manifest_of(entry) -> Manifest:
    return Manifest({**entry["object"], "metadata": {"name": "one", "namespace": "here"}})


def name_of(entry) -> str:
    manifest = Manifest(entry["object"])
    return f"{manifest.kind} {manifest.api_version.partition('/')[2]}: {entry['about']}"


@pytest.mark.parametrize("entry", [one for one in ENTRIES if "refused" not in one], ids=name_of)
def test_valid_object_is_stored_as_it_is_written(cluster, entry):
    """Nothing is dropped, added or rewritten besides metadata."""
    manifest = manifest_of(entry)
    cluster.apply([manifest])
    stored = cluster.read(manifest.ref)
    assert {**stored.body, "metadata": {}} == {**manifest.body, "metadata": {}}


@pytest.mark.parametrize("entry", [one for one in ENTRIES if "refused" in one], ids=name_of)
def test_broken_object_is_refused_for_what_is_broken(cluster, entry):
    """One deviation, one reason, in the words of an API server."""
    with pytest.raises(ManifestRefusedError) as refused:
        cluster.apply([manifest_of(entry)])
    assert entry["refused"] in refused.value.what


def test_every_kind_has_an_accepted_object_in_every_version():
    """The table leaves out no kind and no version."""
    shown = {(one["object"]["kind"], one["object"]["apiVersion"]) for one in ENTRIES if "refused" not in one}
    assert shown == {(kind.name, kind.api_version(version)) for kind in KINDS for version in kind.versions}
