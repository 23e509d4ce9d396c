"""Everything below ``scenarios/``: all requirements, and all scenarios."""

from collections.abc import Mapping
from pathlib import Path

from conformance.errors import ScenarioError
from conformance.model.scenario import Scenario
from conformance.places import fixtures_root
from conformance.scenario.document import Document, read_document
from conformance.scenario.reading import FOLDERS, load_scenario
from conformance.scenario.schema import check_shape
from conformance.scenario.world import World, load_world
from conformance.spec import ApiVersion, Level, Requirement, Strength

REQUIREMENTS_FILE = "requirements.yaml"
"""The file of each API's folder that is no scenario."""


def load_requirements(root: Path) -> Mapping[str, Requirement]:
    """Read what the spec demands, by id, in the order of the files.

    Args:
        root: The scenarios' root, with a folder per API.

    Raises:
        ScenarioError: A file cannot be read, or an id stands twice.
    """
    found: dict[str, Requirement] = {}
    for folder in FOLDERS:
        document = read_document(root / folder / REQUIREMENTS_FILE)
        check_shape(document, "requirements.schema.json")
        for position in range(len(document.value)):
            requirement = _requirement(document, folder, position)
            if requirement.id in found:
                raise document.mistake(
                    (position, "id"),
                    f"the id {requirement.id!r} stands twice",
                    "give each requirement its own id",
                )
            found[requirement.id] = requirement
    return found


def load_library(root: Path, world: World | None = None) -> tuple[Scenario, ...]:
    """Read all scenarios, in the order of their ids.

    Args:
        root: The scenarios' root, with a folder per API.
        world: Who is there; None means the sample world of the fixtures.

    Raises:
        ScenarioError: One of them is wrong, or two have one id.
    """
    known = world or load_world(fixtures_root() / "world" / "world.yaml")
    requirements = load_requirements(root)
    paths = (path for folder in FOLDERS for path in sorted((root / folder).glob("*.yaml")))
    found: dict[str, Scenario] = {}
    for path in paths:
        if path.name == REQUIREMENTS_FILE:
            continue
        scenario = load_scenario(path, known, requirements)
        if scenario.id in found:
            raise ScenarioError(
                f"the id {scenario.id!r} stands in {root / found[scenario.id].path} too",
                str(path),
                "give each scenario its own id",
            )
        found[scenario.id] = scenario
    return tuple(found[one] for one in sorted(found))


def _requirement(document: Document, folder: str, position: int) -> Requirement:
    item = document.value[position]
    group = FOLDERS[folder]
    if not item["id"].startswith((folder.removeprefix("traffic-") + ".", "cross.")):
        raise document.mistake(
            (position, "id"),
            f"the id {item['id']!r} does not belong into {folder}",
            f"begin it with {folder.removeprefix('traffic-')!r} or 'cross'",
        )
    return Requirement(
        id=item["id"],
        says=item["says"].strip(),
        quote=item.get("quote", "").strip(),
        group=group,
        versions=tuple(ApiVersion(one) for one in sorted(item["versions"])),
        section=item["section"],
        strength=Strength(item["strength"]),
        level=Level(item["level"]),
        wrong_mesh=item.get("wrong_mesh", "").strip(),
    )
