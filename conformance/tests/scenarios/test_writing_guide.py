"""The guide for authors says what is so."""

import json
import re

import pytest

from conformance.places import fixtures_root

GUIDE = fixtures_root().parent / "docs" / "writing-scenarios.md"


@pytest.fixture
def guide() -> str:
    """The guide's text."""
    return GUIDE.read_text(encoding="utf-8")


def test_example_of_the_guide_is_a_scenario(guide, read_text):
    """The example can be copied as it stands."""
    (example,) = re.findall(r"```yaml\n(.*?)```", guide, flags=re.DOTALL)
    assert read_text("traffic-access", example).steps


@pytest.mark.parametrize(
    "part",
    [
        "",
        "ask",
        "split",
        "trafficTarget",
        "httpRouteGroup",
        "match",
        "trafficSplit",
        "drive",
        "read",
        "reader",
    ],
)
def test_guide_names_every_key(guide, part):
    """No key of the format goes without a word in the guide."""
    schema = json.loads((fixtures_root() / "scenario.schema.json").read_text(encoding="utf-8"))
    keys = (schema["$defs"][part] if part else schema)["properties"]
    assert [key for key in keys if f"`{key}`" not in guide and f"{key}:" not in guide] == []
