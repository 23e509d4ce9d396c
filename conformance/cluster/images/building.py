"""Images of the suite, built once and kept by Docker: for a kind cluster, a registry, or a file."""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from conformance.cluster.embedded.leftovers import state_root
from conformance.cluster.images.dependencies import copy_wheels, fetch_wheels, target_of
from conformance.cluster.images.docker import Docker, find_docker
from conformance.cluster.images.recipes import MESH, PROBE, Images, Ingredients, in_registry, read_ingredients
from conformance.cluster.images.wheel import wheel_name

Tell = Callable[[str], None]
"""Hears what is going on, a sentence at a time."""


def build_images(tell: Tell, base: str | None = None) -> Images:
    """Make sure that Docker has the suite's images; those that are there under their names are not built again.

    Args:
        tell: Hears what is built.
        base: What to build on, an image with glibc and Python with pip and venv; by default `default_base`.

    Returns:
        Their names.

    Raises:
        EnvironmentBrokenError: There is no Docker or no daemon answers, the base cannot be had, wheels cannot be
            fetched, or Docker cannot build.
    """
    docker = find_docker()
    probe, mesh = read_ingredients(PROBE, base), read_ingredients(MESH, base)
    for ingredients in (probe, mesh):
        if not docker.image_is_there(ingredients.image):
            _build_alone(docker, ingredients, tell)
    return Images(probe=probe.image, mesh=mesh.image)


def rename_images(registry: str, tell: Tell, base: str | None = None) -> Images:
    """Build what is missing and give every image its name in *registry*, from where ``docker push`` takes it.

    Args:
        registry: Registry and path, such as ``registry.example/team``.
        tell: Hears what is built.
        base: As for `build_images`.

    Returns:
        The new names.
    """
    built = build_images(tell, base)
    renamed = Images(probe=in_registry(built.probe, registry), mesh=in_registry(built.mesh, registry))
    docker = find_docker()
    for image, other in zip(built.all, renamed.all, strict=True):
        docker.tag(image, other)
        tell(f"named {other}")
    return renamed


def save_images(archive: Path, tell: Tell, base: str | None = None, registry: str = "") -> Images:
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
    images = rename_images(registry, tell, base) if registry else build_images(tell, base)
    find_docker().save(images.all, archive)
    tell(f"wrote {archive}: {', '.join(images.all)}")
    return images


def write_contexts(
    directory: Path, tell: Tell, base: str | None = None, machines: tuple[str, ...] = ("x86_64", "aarch64")
) -> Images:
    """Lay out what ``docker buildx build --platform`` reads to make the images for several kinds of machine.

    Args:
        directory: Gets a folder per image, ``probe`` and ``mesh``: a Dockerfile, and wheels for all machines.
        tell: Hears what is written.
        base: As for `build_images`; it has to be there for all of them, with the same Python.
        machines: As the kernel calls them.

    Returns:
        The names that the images must get for a run to ask for them.
    """
    docker = find_docker()
    probe, mesh = read_ingredients(PROBE, base), read_ingredients(MESH, base)
    target = target_of(docker, probe.base)
    for recipe, ingredients in ((PROBE, probe), (MESH, mesh)):
        wheels = [
            fetch_wheels(ingredients.requires, replace(target, machine=machine)) for machine in machines
        ]
        (directory / recipe.name).mkdir(parents=True)
        write_context(ingredients, wheels, directory / recipe.name)
        tell(f"wrote {directory / recipe.name}, for {ingredients.image}")
    return Images(probe=probe.image, mesh=mesh.image)


def _build_alone(docker: Docker, ingredients: Ingredients, tell: Tell) -> None:
    """Build one image while nobody else of this user builds: two runs that start together build it once."""
    with _lock():
        if docker.image_is_there(ingredients.image):
            return
        tell(f"building {ingredients.image} on {ingredients.base}; the first time this takes a minute or two")
        wheels = fetch_wheels(ingredients.requires, target_of(docker, ingredients.base))
        with tempfile.TemporaryDirectory(prefix="smi-image-") as directory:
            write_context(ingredients, [wheels], Path(directory))
            docker.build(Path(directory), ingredients.image, ingredients.base)
        tell(f"built {ingredients.image}")


def write_context(ingredients: Ingredients, wheels: Sequence[Path], context: Path) -> None:
    """Lay out what ``docker build`` reads: the Dockerfile and the wheels, ours apart from all others.

    Ours changes often and the others seldom; apart, they stay in a layer that Docker and the nodes have already.
    """
    (context / "Dockerfile").write_bytes(ingredients.dockerfile)
    copy_wheels(wheels, context / "dependencies")
    (context / "project").mkdir()
    (context / "project" / wheel_name()).write_bytes(ingredients.wheel)


@contextlib.contextmanager
def _lock() -> Iterator[None]:
    lock = os.open(state_root() / "images.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
