"""Runs pytest on the shipped scenarios, from a checkout as from an installed wheel in an empty folder."""

from collections.abc import Sequence
from pathlib import Path

from conformance.places import scenarios_root

_SETTINGS = Path(__file__).with_name("pytest.ini")


def run_scenarios(args: Sequence[str]) -> int:
    """Run pytest with *args* behind what it needs to find the scenarios; gives the exit code.

    The settings are the suite's own, so that those of the project around the caller change nothing. What
    pytest remembers between runs stays in the caller's folder.
    """
    import pytest  # late: the other commands do without

    ours = [
        f"--config-file={_SETTINGS}",
        f"--rootdir={scenarios_root().parent}",
        f"--override-ini=cache_dir={Path.cwd() / '.pytest_cache'}",
        "-pconformance.plugin",
    ]
    return int(pytest.main([*ours, *args]))
