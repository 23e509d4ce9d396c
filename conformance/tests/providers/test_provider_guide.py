"""docs/providers.md keeps up with the schema and with the profiles that are shipped."""

import json
from pathlib import Path

import pytest

from conformance.places import fixtures_root
from conformance.providers.loading import profiles

GUIDE = (Path(__file__).parents[3] / "docs" / "providers.md").read_text(encoding="utf-8")
SCHEMA = json.loads((fixtures_root() / "provider.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("key", SCHEMA["properties"])
def test_every_key_of_a_profile_is_explained(key):
    """Whoever writes a profile finds each key in the guide's table."""
    table = GUIDE[GUIDE.index("| Key | Meaning |") :]
    assert f"`{key}`" in table


@pytest.mark.parametrize("profile", profiles(), ids=lambda one: one.name)
def test_every_shipped_profile_stands_in_the_guide(profile):
    """The guide names each mesh, says whether it was run, and whether a run refuses it."""
    line = next(line for line in GUIDE.splitlines() if line.startswith("|") and f"`{profile.name}`" in line)
    assert ("run" if profile.was_run else "read") in line.rpartition("|")[0].rpartition("|")[2]
    assert ("withheld" in line) is bool(profile.withheld)


@pytest.mark.parametrize("profile", profiles(), ids=lambda one: one.name)
def test_the_guide_names_the_versions_of_each_profile(profile):
    """A reader need not open the file to know in which versions a mesh is judged."""
    line = next(line for line in GUIDE.splitlines() if line.startswith("|") and f"`{profile.name}`" in line)
    versions = {one.value for each in profile.kinds.values() for one in each}
    assert all(one in line for one in versions) or "all kinds and versions" in line or "every version" in line
