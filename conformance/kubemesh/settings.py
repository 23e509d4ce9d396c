"""What the control plane's Deployment tells it, in environment variables."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from conformance.errors import UsageError

IMAGE, PULL_POLICY, REPLICA = "SMI_IMAGE", "SMI_PULL_POLICY", "SMI_REPLICA"
LIFETIME = "SMI_CERTIFICATE_LIFETIME"
PROMETHEUS = "SMI_PROMETHEUS"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneSettings:
    """One replica of the control plane."""

    image: str
    """Of the sidecars."""
    pull_policy: str
    replica: str
    """The pod's own name."""
    lifetime: timedelta
    """Of the certificates it issues."""
    prometheus: str = ""
    """Address of the Prometheus that is to scrape sidecars; empty where none does."""


def read_settings(environment: Mapping[str, str]) -> PlaneSettings:
    """Read the settings.

    Raises:
        UsageError: A variable is missing.
    """
    with environment_of("the control plane"):
        return PlaneSettings(
            image=environment[IMAGE],
            pull_policy=environment[PULL_POLICY],
            replica=environment[REPLICA],
            lifetime=timedelta(seconds=int(environment[LIFETIME])),
            prometheus=environment.get(PROMETHEUS, ""),
        )


@contextmanager
def environment_of(program: str) -> Iterator[None]:
    """Read what a Deployment tells *program*, which an installation has to have written.

    Raises:
        UsageError: A variable is missing, or is not as it should be.
    """
    try:
        yield
    except (KeyError, ValueError) as error:
        raise UsageError(
            f"a variable is not set, or not as it should be: {error}",
            f"{program}'s environment",
            "install the mesh anew",
        ) from error
