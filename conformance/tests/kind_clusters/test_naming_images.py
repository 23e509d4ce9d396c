"""An image's name follows from what goes in, and the wheel that goes in from the package's own files."""

import ast
import subprocess
import sys
import zipfile
from dataclasses import replace
from io import BytesIO

import pytest

from conformance import __version__
from conformance.cluster.images import image_list, image_names
from conformance.cluster.images.recipes import MESH, PROBE, default_base, read_ingredients
from conformance.cluster.images.wheel import PACKAGE, project_wheel, wheel_name


def a_package(folder):
    package = folder / "conformance"
    for path in ("errors.py", "probe/app.py", "probe/tests/test_app.py", "probe/__pycache__/app.pyc"):
        (package / path).parent.mkdir(parents=True, exist_ok=True)
        (package / path).write_text(f"# {path}\n")
    return package


def test_same_files_make_the_same_wheel_to_the_byte(tmp_path):
    """Neither the place nor the date of the files shows, so that two machines find the same tag."""
    one, other = a_package(tmp_path / "one"), a_package(tmp_path / "other")
    parts = ("errors.py", "probe")
    assert project_wheel(parts, one) == project_wheel(parts, other)


def test_wheel_changes_with_a_file_that_goes_in_and_with_no_other(tmp_path):
    """A change of the probe makes a new wheel for it, a change of its tests does not."""
    package = a_package(tmp_path)
    before = project_wheel(("probe",), package)
    (package / "probe/tests/test_app.py").write_text("changed")
    (package / "errors.py").write_text("changed")
    assert project_wheel(("probe",), package) == before
    (package / "probe/app.py").write_text("changed")
    assert project_wheel(("probe",), package) != before


def test_pip_installs_the_wheel_and_its_app_starts_without_anything_else(tmp_path):
    """Alone with the standard library, the probe app gets as far as asking for its variables."""
    wheel = tmp_path / wheel_name()
    wheel.write_bytes(project_wheel(PROBE.parts))
    target = tmp_path / "there"
    install = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target")
    subprocess.run((*install, target, wheel), check=True, timeout=120)
    (tmp_path / "httptools.py").touch()
    started = subprocess.run(
        (sys.executable, "-S", "-m", "conformance.probe.app"),
        env={"PYTHONPATH": f"{target}:{tmp_path}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "SMI_WORKLOAD" in started.stderr
    assert started.returncode == 4


@pytest.mark.parametrize("recipe", [PROBE, MESH], ids=lambda recipe: recipe.name)
def test_every_part_of_a_recipe_is_in_the_package(recipe):
    """A folder that was renamed would be missing in the image without a word."""
    assert [part for part in recipe.parts if not (PACKAGE / part).exists()] == []


def imported_from(source: bytes) -> set[str]:
    """Which modules of the suite a module imports, here or there in it."""
    nodes = list(ast.walk(ast.parse(source)))
    plain = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    parts = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return {name for name in plain | parts if name.split(".")[0] == "conformance"}


@pytest.mark.parametrize("recipe", [PROBE, MESH], ids=lambda recipe: recipe.name)
def test_what_is_imported_in_an_image_is_in_it(recipe):
    """A module that leans on one outside the recipe's parts would end the container with an ImportError."""
    wheel = zipfile.ZipFile(BytesIO(project_wheel(recipe.parts)))
    there = {
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in wheel.namelist()
    }
    sources = [name for name in wheel.namelist() if name.endswith(".py")]
    assert {one for name in sources for one in imported_from(wheel.read(name)) if one not in there} == set()


@pytest.mark.parametrize("recipe", [PROBE, MESH], ids=lambda recipe: recipe.name)
def test_images_hold_neither_tests_nor_scenarios(recipe):
    """What goes in is what runs."""
    names = zipfile.ZipFile(BytesIO(project_wheel(recipe.parts))).namelist()
    assert [name for name in names if "tests/" in name or "_data/" in name or name.endswith(".pyc")] == []


def test_probe_image_holds_nothing_of_judge_or_mesh():
    """What is called does not know what is expected of it."""
    names = zipfile.ZipFile(BytesIO(project_wheel(PROBE.parts))).namelist()
    assert [name for name in names if name.startswith(("conformance/judge", "conformance/refmesh"))] == []


def test_tag_says_the_version_and_what_goes_in():
    """The same release makes the same name again; another base, package or Dockerfile another one."""
    image = read_ingredients(PROBE, "some-base").image
    assert image.startswith(f"smi-conformance/probe:{__version__}-")
    assert read_ingredients(PROBE, "some-base").image == image
    assert read_ingredients(PROBE, "other-base").image != image
    assert read_ingredients(replace(PROBE, requires=("uvloop",)), "some-base").image != image
    assert (
        read_ingredients(replace(PROBE, name="mesh"), "some-base").image.split(":")[1] != image.split(":")[1]
    )


def test_default_base_has_the_running_python():
    """Wheels for the Python that runs the suite are the ones that were tested with it."""
    assert default_base() == f"python:{sys.version_info[0]}.{sys.version_info[1]}-slim"
    assert read_ingredients(PROBE).image == read_ingredients(PROBE, default_base()).image


def test_registry_stands_before_the_name():
    """For clusters that pull from a registry of their own, with or without a slash at its end."""
    plain = image_list("some-base")
    assert image_list("some-base", "registry.example/team") == tuple(
        f"registry.example/team/{i}" for i in plain
    )
    assert image_list("some-base", "registry.example/team/") == image_list(
        "some-base", "registry.example/team"
    )
    assert image_names("some-base").all == plain
