"""What a reader needs to know of the process that ran: versions, platform, and the command itself."""

import os
import platform
import shlex
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version

import pytest

_OURS = ("--config-file=", "--rootdir=", "--override-ini=cache_dir=", "-pconformance.plugin")
"""What the command `smi-conformance run` puts in front of what a person types."""


def facts_of_run(config: pytest.Config) -> Iterator[tuple[str, str]]:
    """Give pairs of a name and its value, for the report."""
    yield "command", command_of(config.invocation_params.args, is_shipped=bool(config.getini("smi_shipped")))
    yield "suite", f"smi-conformance {_version()}"
    yield (
        "python",
        f"{platform.python_implementation()} {platform.python_version()}, pytest {pytest.__version__}",
    )
    yield "platform", f"{platform.system()} {platform.release()} {platform.machine()}"


def command_of(args: Sequence[str], *, is_shipped: bool) -> str:
    """Spell the command as a person would type it."""
    typed = [arg for arg in args if not arg.startswith(_OURS)]
    return f"{starter(is_shipped=is_shipped)} {shlex.join(typed)}".rstrip()


def starter(*, is_shipped: bool) -> str:
    """Spell what a person types before pytest's arguments: nox keeps its pytest where no PATH leads to it."""
    if is_shipped:
        return "smi-conformance run"
    return "nox -s conformance --" if os.environ.get("NOX_CURRENT_SESSION") == "conformance" else "pytest"


def _version() -> str:
    try:
        return version("smi-conformance")
    except PackageNotFoundError:  # a checkout that is not installed
        return f"from a checkout, python {sys.prefix}"
