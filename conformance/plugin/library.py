"""What the scenarios' root holds, read once and no earlier than somebody asks."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from conformance.errors import ConformanceError, ScenarioError
from conformance.model.scenario import Scenario
from conformance.places import fixtures_root
from conformance.report import Catalogue
from conformance.scenario.library import REQUIREMENTS_FILE, load_requirements
from conformance.scenario.reading import load_scenario
from conformance.scenario.world import World, load_world
from conformance.spec import Requirement


class Library:
    """The scenarios and requirements below one root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._world: World | None = None
        self._requirements: Mapping[str, Requirement] | None = None
        self._paths: dict[str, Path] = {}

    def requirements(self) -> Mapping[str, Requirement]:
        """Give every requirement by id.

        Raises:
            ScenarioError: A file of requirements is wrong.
        """
        if self._requirements is None:
            self._requirements = load_requirements(self.root)
        return self._requirements

    def read(self, path: Path) -> Scenario:
        """Read the scenario at *path*.

        Raises:
            ScenarioError: It is wrong, or has the id of another one.
        """
        self._world = self._world or load_world(fixtures_root() / "world" / "world.yaml")
        scenario = load_scenario(path, self._world, self.requirements())
        first = self._paths.setdefault(scenario.id, path)
        if first != path:
            raise ScenarioError(
                f"the id {scenario.id!r} stands in {first} too", str(path), "give each scenario its own id"
            )
        return scenario

    def is_scenario(self, path: Path) -> bool:
        """Say whether *path* is where a scenario lies: ``<root>/<api>/<name>.yaml``."""
        return path.suffix == ".yaml" and path.name != REQUIREMENTS_FILE and path.parent.parent == self.root

    def catalogue(self) -> Catalogue:
        """Say what there is, run or not; what cannot be read is left out, since collecting has told of it."""
        shown: dict[str, list[str]] = {}
        try:
            requirements = self.requirements()
        except ConformanceError:
            return Catalogue(requirements=(), shown_by={})
        for scenario in self._readable():
            for name in scenario.shows:
                shown.setdefault(name, []).append(scenario.id)
        return Catalogue(
            requirements=tuple(requirements.values()),
            shown_by={name: tuple(ids) for name, ids in shown.items()},
        )

    def _readable(self) -> Iterator[Scenario]:
        for path in sorted(self.root.glob("*/*.yaml")):
            if self.is_scenario(path):
                try:
                    yield self.read(path)
                except ConformanceError:
                    continue


LIBRARY = pytest.StashKey[Library]()
"""Where a run's configuration keeps it."""
