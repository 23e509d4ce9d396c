"""The wheels of what an image requires, fetched on this machine for the Python of the image's base.

The versions are those that run here, so that a mesh in the cluster is the mesh that was tested.
"""

import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from conformance.cluster.images.docker import Docker
from conformance.errors import EnvironmentBrokenError

_OLDEST_GLIBC = 5
_TOLD_LINES = 8
_NAMES = "requirements.txt"
"""Names what a folder of wheels holds, for pip to choose by: of one package it may hold several wheels."""
_ASK_BASE = (
    "import json, platform, sys, venv, pip; "
    "print(json.dumps([*sys.version_info[:2], platform.machine(), *platform.libc_ver()]))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The Python that a base has."""

    version: str
    """Such as ``3.11``."""
    machine: str
    """Such as ``x86_64``, as the kernel says it."""
    glibc: int
    """Second number of the C library's version: 36 for 2.36."""

    def platforms(self) -> tuple[str, ...]:
        """Name the wheel platforms that run there, newest first; pip does not work them out for another machine."""
        modern = [f"manylinux_2_{minor}_{self.machine}" for minor in range(self.glibc, _OLDEST_GLIBC - 1, -1)]
        older = [f"manylinux{year}_{self.machine}" for year in ("2014", "2010", "1")]
        return (*modern, *older)


def target_of(docker: Docker, base: str) -> Target:
    """Ask a base which Python it has.

    Raises:
        EnvironmentBrokenError: It cannot be had, has no Python with pip and venv, or its C library is not glibc.
    """
    said = docker.run_python(base, _ASK_BASE)
    major, minor, machine, library, version = json.loads(said)
    if library != "glibc":
        raise EnvironmentBrokenError(
            f"base {base!r} has another C library than glibc, for which Envoy is not made",
            f"image {base}",
            "take a base with glibc, such as python:3.11-slim",
        )
    return Target(version=f"{major}.{minor}", machine=machine, glibc=int(version.split(".")[1]))


def fetch_wheels(requires: Sequence[str], target: Target) -> Path:
    """Fetch wheels of *requires*, and of all they require, with a ``requirements.txt`` that names them.

    They are kept in the user's cache folder, so that the next build with the same versions asks nobody.

    Raises:
        EnvironmentBrokenError: pip is missing or cannot get them.
    """
    pinned = tuple(_versions_here())
    wanted = repr((sorted(requires), target, pinned)).encode()
    kept = (
        platformdirs.user_cache_path("smi-conformance") / "wheels" / hashlib.sha256(wanted).hexdigest()[:20]
    )
    if not kept.is_dir():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as directory:
            _download(requires, target, pinned, Path(directory, "new"))
            _keep(Path(directory, "new"), kept)
    return kept


def _keep(new: Path, kept: Path) -> None:
    names = sorted("==".join(wheel.name.split("-")[:2]) for wheel in new.glob("*.whl"))
    (new / _NAMES).write_text("".join(f"{name}\n" for name in names), "utf-8")
    try:
        new.rename(kept)
    except OSError:
        # Another run was quicker; its wheels are the same.
        if not kept.is_dir():
            raise


def _download(requires: Sequence[str], target: Target, pinned: Sequence[str], directory: Path) -> None:
    directory.mkdir()
    versions = directory.parent / "versions.txt"
    versions.write_text("".join(f"{line}\n" for line in pinned), "utf-8")
    done = subprocess.run(
        download_arguments(requires, target, versions, directory),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise _not_fetched(requires, done.stderr)


def download_arguments(
    requires: Sequence[str], target: Target, versions: Path, directory: Path
) -> tuple[str, ...]:
    """Say how pip is called to fetch wheels for *target* into *directory*, in the versions that a file names."""
    platforms = (word for name in target.platforms() for word in ("--platform", name))
    return (
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--only-binary", ":all:", "--implementation", "cp", "--python-version", target.version),
        *platforms,
        *("--constraint", str(versions), "--dest", str(directory)),
        *requires,
    )


def _versions_here() -> Iterator[str]:
    found = {_canonical(one.name): one.version for one in importlib.metadata.distributions()}
    # Versions with a local part were built by somebody and are in no index.
    yield from (f"{name}=={version}" for name, version in sorted(found.items()) if "+" not in version)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _not_fetched(requires: Sequence[str], words: str) -> EnvironmentBrokenError:
    lines = [line for line in words.splitlines() if line.strip()][-_TOLD_LINES:]
    return EnvironmentBrokenError(
        f"pip did not get the wheels of {', '.join(requires)}; its last words:\n" + "\n".join(lines),
        f"{sys.executable} -m pip download",
        "install pip into this environment if it is missing (python -m ensurepip), and give pip an index that it "
        "reaches (PIP_INDEX_URL), or build where there is one and bring the images: docs/kubernetes.md, Images",
    )


def copy_wheels(folders: Sequence[Path], target: Path) -> None:
    """Put wheels of several folders into one, hard-linked where the file system allows, and name them all."""
    target.mkdir()
    for wheel in {path.name: path for folder in folders for path in folder.glob("*.whl")}.values():
        _link_or_copy(wheel, target / wheel.name)
    named = {line for folder in folders for line in (folder / _NAMES).read_text("utf-8").splitlines()}
    (target / _NAMES).write_text("".join(f"{name}\n" for name in sorted(named)), "utf-8")


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
