"""The ``docker`` program: found on PATH, asked in few words, its failures put into ours."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from conformance.errors import ConformanceError, EnvironmentBrokenError

_ANSWER = 60
"""How long the daemon may take to answer a question. Unit: s. A guess; milliseconds are usual."""
_HINT = "see docs/kubernetes.md, Images"
_TOLD_LINES = 15
"""How many lines of a failed command are told: the reason stands in the last few."""


class Docker:
    """The Docker that this machine's command leads to."""

    def __init__(self, program: Path) -> None:
        self._program = program

    def image_is_there(self, image: str) -> bool:
        """Say whether the daemon has this image."""
        return self._ask("image", "inspect", "--format", "{{.Id}}", image).returncode == 0

    def run_python(self, image: str, code: str) -> str:
        """Run Python *code* in *image*, without a network, and return what it prints; pull the image where needed.

        Raises:
            EnvironmentBrokenError: The image cannot be had, or has no such Python.
        """
        argv = ("run", "--rm", "--network", "none", "--entrypoint", "python3", image, "-c", code)
        return self._do(
            argv,
            f"image {image!r} cannot be had, or Python with pip and venv does not run in it",
            f"image {image}",
            "name one that is here, or that a registry has, with --smi-image-base",
        )

    def build(self, context: Path, image: str, base: str) -> None:
        """Build *image* on *base* from the Dockerfile in *context*.

        Raises:
            EnvironmentBrokenError: It does not build; the message carries the end of what Docker said.
        """
        argv = ("build", "--tag", image, "--build-arg", f"BASE={base}", str(context))
        self._do(argv, f"image {image} does not build on {base!r}", f"docker build, base {base}")

    def tag(self, image: str, other: str) -> None:
        """Give an image another name.

        Raises:
            EnvironmentBrokenError: The daemon does not have it, or does not take the name.
        """
        self._do(("tag", image, other), f"image {image} cannot be named {other!r}", f"image {image}")

    def save(self, images: Sequence[str], archive: Path) -> None:
        """Write images into one tar file.

        Raises:
            EnvironmentBrokenError: The daemon lacks one, or the file cannot be written.
        """
        self._do(("save", "--output", str(archive), *images), "the images cannot be saved", str(archive))

    def _ask(self, *argv: str) -> subprocess.CompletedProcess[str]:
        try:
            return _run((str(self._program), *argv), timeout=_ANSWER)
        except subprocess.TimeoutExpired as error:
            raise _silent(f"nothing came back within {_ANSWER} s") from error

    def _do(self, argv: Sequence[str], what: str, where: str, hint: str = _HINT) -> str:
        done = _run((str(self._program), *argv), timeout=None)
        if done.returncode:
            raise EnvironmentBrokenError(f"{what}; Docker's last words:\n{_end_of(done)}", where, hint)
        return done.stdout

    def check_daemon(self) -> None:
        """Make sure that the daemon answers.

        Raises:
            EnvironmentBrokenError: It does not, or not to this user.
        """
        asked = self._ask("version", "--format", "{{.Server.Version}}")
        if asked.returncode:
            raise _silent(_end_of(asked))


def find_docker() -> Docker:
    """Find the program and make sure that its daemon answers.

    Raises:
        EnvironmentBrokenError: There is no such program, or no daemon answers it.
    """
    found = shutil.which("docker")
    if found is None:
        raise EnvironmentBrokenError(
            "the program docker is not there",
            "PATH",
            "install Docker 20.10 or newer: https://docs.docker.com/engine/install/",
        )
    docker = Docker(Path(found))
    docker.check_daemon()
    return docker


def _run(argv: Sequence[str], timeout: float | None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout,
        check=False,
    )


def _silent(words: str) -> ConformanceError:
    return EnvironmentBrokenError(
        f"Docker's daemon does not answer: {words}",
        "docker version",
        "start it, or join the group docker; what DOCKER_HOST and docker context name must be this daemon",
    )


def _end_of(done: subprocess.CompletedProcess[str]) -> str:
    # A build's failing command stands in stdout with the legacy builder, in stderr with BuildKit.
    lines = [line.rstrip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return "\n".join(lines[-_TOLD_LINES:]) or f"exit code {done.returncode}, no word"
