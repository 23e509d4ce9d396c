"""The sample world, and a small scenario that is valid but for what a test changes in it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.model.scenario import Scenario
from conformance.places import fixtures_root, scenarios_root
from conformance.scenario import World, load_scenario, load_world
from conformance.scenario.reading import FOLDERS

VALID = """\
id: traffic-access/an-example
shows: [access.deny.unlisted-source]
versions: [v1alpha1, v1alpha2, v1alpha3, v1alpha4]
summary: An example.
why: To be changed by a test.
steps:
  - name: client-a is listed
    apply:
      - HTTPRouteGroup: routes
        matches: [{name: metrics, pathRegex: "/metrics$", methods: [GET]}]
      - TrafficTarget: shop
        destination: shop
        sources: [client-a]
        rules: [{HTTPRouteGroup: routes, matches: [metrics]}]
    ask: {from: [client-a, client-b], to: [shop], requests: [GET /metrics]}
"""

NAMESPACES = {"here": "smi-here", "there": "smi-there", "outside": "smi-outside"}


@pytest.fixture(scope="session")
def world() -> World:
    """The world that is shipped."""
    return load_world(fixtures_root() / "world" / "world.yaml")


@pytest.fixture(scope="session")
def namespaces() -> dict[str, str]:
    """Actual names of the world's namespaces."""
    return NAMESPACES


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A scenarios' root with the shipped requirements and no scenario."""
    for folder in FOLDERS:
        (tmp_path / folder).mkdir()
        text = (scenarios_root() / folder / "requirements.yaml").read_text(encoding="utf-8")
        (tmp_path / folder / "requirements.yaml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def read(library: Path, world: World) -> Callable[..., Scenario]:
    """Read the valid scenario with pieces of its text replaced, each given as (old, new)."""

    def read_changed(*changes: tuple[str, str]) -> Scenario:
        text = VALID
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = library / "traffic-access" / "example.yaml"
        path.write_text(text, encoding="utf-8")
        return load_scenario(path, world)

    return read_changed


@pytest.fixture
def read_text(library: Path, world: World) -> Callable[[str, str], Scenario]:
    """Read a scenario from its whole text, as a file of a folder."""

    def read_whole(folder: str, text: str) -> Scenario:
        path = library / folder / "example.yaml"
        path.write_text(text, encoding="utf-8")
        return load_scenario(path, world)

    return read_whole
