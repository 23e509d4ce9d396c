"""What the metrics server's Deployment tells it, in environment variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from conformance.errors import UsageError
from conformance.kubemesh import names
from conformance.kubemesh.settings import PROMETHEUS, REPLICA, environment_of

AUTHORITY, WINDOW = "SMI_AUTHORITY", "SMI_METRICS_WINDOW"

DEFAULT_WINDOW = timedelta(seconds=30)
"""What figures cover, unless an installation says otherwise; the text's own examples have it."""
_LEAST, _MOST = timedelta(seconds=1), timedelta(hours=1)
_SHORTEST, _LONGEST = timedelta(seconds=0.3), timedelta(seconds=5)
_LOOKS = 20  # in a window; so it is longer than it should be by a twentieth at most


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteringSettings:
    """The metrics server."""

    replica: str
    """The pod's own name."""
    authority: str
    """PEM text of the mesh's authority, whose certificates sidecars and control plane show."""
    window: timedelta
    """What figures cover."""
    prometheus: str = ""
    """Address of the Prometheus that has the figures; empty where sidecars are asked."""
    token: Path = Path(names.TOKEN_DIRECTORY) / "token"


def period_of(window: timedelta) -> timedelta:
    """Say how much time lies between two looks at the sidecars."""
    return min(max(window / _LOOKS, _SHORTEST), _LONGEST)


def window_data(window: timedelta) -> dict[str, str]:
    """Write what stands of the window in the ConfigMap, for those who may not see the Deployment.

    Raises:
        UsageError: Nothing can be measured over so short a window, or remembered over so long a one.
    """
    if not _LEAST <= window <= _MOST:
        raise UsageError(
            f"figures cannot cover {window.total_seconds():g} s",
            "the window of Traffic Metrics",
            f"choose {_LEAST.total_seconds():g} to {_MOST.total_seconds():g} seconds",
        )
    return {names.WINDOW_KEY: f"{window.total_seconds():g}"}


def window_in(data: Mapping[str, str]) -> timedelta | None:
    """Read what `window_data` wrote; None where nothing stands there, as in an older installation."""
    text = data.get(names.WINDOW_KEY, "")
    return timedelta(seconds=float(text)) if text else None


def read_settings(environment: Mapping[str, str]) -> MeteringSettings:
    """Read the settings.

    Raises:
        UsageError: A variable is missing, or is not as it should be.
    """
    with environment_of("the metrics server"):
        return MeteringSettings(
            replica=environment[REPLICA],
            authority=environment[AUTHORITY],
            window=timedelta(seconds=float(environment[WINDOW])),
            prometheus=environment.get(PROMETHEUS, ""),
        )
