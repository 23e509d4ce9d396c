"""What a run is asked to do."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Tell = Callable[[str], None]
"""Takes a few words on what is happening now, for a person who waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """One run of the suite, as a person asked for it."""

    run_id: str
    """Short, lower-case, unique: names directories, namespaces and labels."""
    cluster: str
    """``local``."""
    provider: str
    """``reference``."""
    faults: tuple[str, ...]
    """Named faults for the reference mesh."""
    evidence: Path
    """Directory below which each scenario that did not pass leaves its evidence."""
    starter: str = "pytest"
    """What a person types before a scenario's node id to run it again; other than pytest inside nox or a wheel."""
