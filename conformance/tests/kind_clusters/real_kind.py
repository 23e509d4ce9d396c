"""What tests on a real kind cluster ask of the machine, and the line they say where it does not have it."""

import shutil
import subprocess
from dataclasses import dataclass

import pytest

from conformance.cluster.images.docker import find_docker
from conformance.cluster.images.recipes import default_base
from conformance.cluster.kind import KindSettings, read_kind_settings
from conformance.errors import EnvironmentBrokenError


@dataclass(frozen=True, slots=True, kw_only=True)
class RealKind:
    """Docker and kind as they are here, with what the options of this run name."""

    settings: KindSettings
    base: str


def real_kind_or_skip(config: pytest.Config) -> RealKind:
    """Take ``--kind-image`` and ``--smi-image-base`` where they are given; skip where a test could not run."""
    pytest.importorskip("pytest_kind", reason="not run: the extra 'kind' is not installed")
    settings = read_kind_settings(lambda name: config.getoption(name, None))
    if settings.kind_bin is None and shutil.which("kind") is None:
        pytest.skip("not run: the program kind is not on PATH")
    try:
        docker = find_docker()
    except EnvironmentBrokenError as error:
        pytest.skip(f"not run: {error.what}")
    base = config.getoption("smi_image_base", None) or default_base()
    if not docker.image_is_there(base) and not _can_pull(base):
        pytest.skip(
            f"not run: Docker has no image {base} and no registry answers; name one with --smi-image-base"
        )
    return RealKind(settings=settings, base=base)


def _can_pull(image: str) -> bool:
    pulled = subprocess.run(
        ("docker", "pull", "--quiet", image), capture_output=True, text=True, timeout=600, check=False
    )
    return pulled.returncode == 0
