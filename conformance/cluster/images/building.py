"""Images of the suite, built once and kept by Docker: for a kind cluster, a registry, or a file."""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from conformance.cluster.embedded.leftovers import state_root
from conformance.cluster.images.dependencies import copy_wheels, fetch_wheels, target_of
from conformance.cluster.images.docker import Docker, find_docker
from conformance.cluster.images.recipes import (
    RECIPES,
    Images,
    Recipe,
    default_base,
    image_list,
    image_name,
    image_names,
)
from conformance.cluster.images.wheel import project_wheel, wheel_name

Tell = Callable[[str], None]
"""Hears what is going on, a sentence at a time."""


def build_images(tell: Tell, base: str | None = None, wanted: tuple[Recipe, ...] = RECIPES) -> Images:
    """Make sure that Docker has the suite's images; those that are there under their names are not built again.

    Args:
        tell: Hears what is built.
        base: What to build on, an image with glibc and Python with pip and venv; by default `default_base`.
        wanted: Which ones.

    Returns:
        The names of all, also of those that were not wanted.

    Raises:
        EnvironmentBrokenError: There is no Docker or no daemon answers, the base cannot be had, wheels cannot be
            fetched, or Docker cannot build.
    """
    docker = find_docker()
    for recipe in wanted:
        image = image_name(recipe, base)
        if not docker.image_is_there(image):
            _build_alone(docker, recipe, image, base or default_base(), tell)
    return image_names(base)


def rename_images(registry: str, tell: Tell, base: str | None = None) -> tuple[str, ...]:
    """Build what is missing and give every image its name in *registry*, from where ``docker push`` takes it.

    Args:
        registry: Registry and path, such as ``registry.example/team``.
        tell: Hears what is built.
        base: As for `build_images`.

    Returns:
        The new names.
    """
    build_images(tell, base)
    docker = find_docker()
    renamed = image_list(base, registry)
    for image, other in zip(image_list(base), renamed, strict=True):
        docker.tag(image, other)
        tell(f"named {other}")
    return renamed


def save_images(archive: Path, tell: Tell, base: str | None = None, registry: str = "") -> tuple[str, ...]:
    """Build what is missing and write all images into a tar file, for nodes that reach no registry.

    ``kind load image-archive``, ``ctr --namespace k8s.io images import`` and ``docker load`` read it.

    Args:
        archive: The file; it is replaced.
        tell: Hears what is built and written.
        base: As for `build_images`.
        registry: As for `rename_images`; none leaves the names as they are.

    Returns:
        The names in the file.
    """
    build_images(tell, base)
    names = rename_images(registry, tell, base) if registry else image_list(base)
    find_docker().save(names, archive)
    tell(f"wrote {archive}: {', '.join(names)}")
    return names


def _build_alone(docker: Docker, recipe: Recipe, image: str, base: str, tell: Tell) -> None:
    """Build one image while nobody else of this user builds: two runs that start together build it once."""
    with _lock():
        if docker.image_is_there(image):
            return
        tell(f"building {image} on {base}; the first time this takes a minute or two")
        wheels = fetch_wheels(recipe.requires, target_of(docker, base))
        with tempfile.TemporaryDirectory(prefix="smi-image-") as directory:
            write_context(recipe, wheels, Path(directory))
            docker.build(Path(directory), image, base)
        tell(f"built {image}")


def write_context(recipe: Recipe, wheels: Path, context: Path) -> None:
    """Lay out what ``docker build`` reads: the Dockerfile and the wheels, ours apart from all others.

    Ours changes often and the others seldom; apart, they stay in a layer that Docker and the nodes have already.
    """
    (context / "Dockerfile").write_bytes(recipe.dockerfile())
    copy_wheels(wheels, context)
    (context / "project").mkdir()
    (context / "project" / wheel_name()).write_bytes(project_wheel(recipe.parts))


@contextlib.contextmanager
def _lock() -> Iterator[None]:
    lock = os.open(state_root() / "images.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
