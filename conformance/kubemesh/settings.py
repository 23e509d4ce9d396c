"""What the control plane's Deployment tells it, in environment variables."""

from collections.abc import Mapping
from dataclasses import dataclass

from conformance.errors import UsageError

IMAGE, PULL_POLICY, REPLICA = "SMI_IMAGE", "SMI_PULL_POLICY", "SMI_REPLICA"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneSettings:
    """One replica of the control plane."""

    image: str
    """Of the sidecars."""
    pull_policy: str
    replica: str
    """The pod's own name."""


def read_settings(environment: Mapping[str, str]) -> PlaneSettings:
    """Read the settings.

    Raises:
        UsageError: A variable is missing.
    """
    try:
        return PlaneSettings(
            image=environment[IMAGE], pull_policy=environment[PULL_POLICY], replica=environment[REPLICA]
        )
    except KeyError as error:
        raise UsageError(
            f"the variable {error} is not set", "the control plane's environment", "install the mesh anew"
        ) from error
