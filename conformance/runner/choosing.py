"""Which provider is judged on a cluster: the one that a person names, or the one that is found there."""

from conformance.cluster import ClusterView
from conformance.errors import UsageError
from conformance.providers.detection import detect
from conformance.providers.loading import find_profile
from conformance.providers.profile import Profile
from conformance.providers.seeing import look_around
from conformance.runner.settings import Tell

AUTO = "auto"


def choose_profile(asked: str, view: ClusterView, tell: Tell) -> Profile:
    """Find the profile of the mesh that is to be judged.

    Args:
        asked: A profile's name or path, or ``auto``.
        view: The cluster; it is looked at for ``auto`` only.
        tell: Hears what was found, and why that is thought.

    Raises:
        UsageError: There is no such profile, or it cannot be told what is installed.
        ScenarioError: The profile cannot be read.
        EnvironmentBrokenError: The cluster cannot be looked at.
    """
    if asked != AUTO:
        return find_profile(asked)
    detection = detect(look_around(view))
    if detection.profile is None:
        raise UsageError(
            detection.because,
            f"--smi-provider=auto, cluster {view.name}",
            "name the provider, or a profile's path",
        )
    tell(f"{detection.profile.title}: {detection.because}")
    return detection.profile
