"""Which mesh is installed, told from what a cluster shows, with the reason. Pure.

Only an image that a mesh alone runs decides: the SMI kinds are the same for all, and a fork keeps the names of the
workloads it was made from. What merely looks like a mesh is named for a person to decide.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conformance.providers.loading import profiles
from conformance.providers.profile import ANY, Profile, Role
from conformance.providers.seeing import Seen, SeenWorkload, repository_of, tag_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A profile that something in the cluster speaks for."""

    profile: Profile
    evidence: str
    """What speaks for it, in words."""
    sure: bool
    """Whether an image speaks for it, and not only a workload's name."""
    release: str = ""
    """The tag of that image; empty when it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """Which mesh is installed, and why that is thought."""

    profile: Profile | None
    """None where nothing fits, or too much."""
    because: str
    """What decided, for people; it ends with what to do where nothing was decided."""
    fits: tuple[Fit, ...] = ()
    """All that was considered."""


def detect(seen: Seen, known: Sequence[Profile] | None = None) -> Detection:
    """Decide which mesh is installed.

    Args:
        seen: What the cluster shows.
        known: Profiles to choose from; None means the shipped ones.

    Raises:
        ScenarioError: A shipped profile cannot be read.
    """
    fits = tuple(_fits(seen, profiles() if known is None else known))
    judged = [fit for fit in fits if fit.sure and fit.profile.role is not Role.WRITER]
    if len(judged) == 1:
        return Detection(profile=judged[0].profile, because=_chosen(judged[0], seen), fits=fits)
    return Detection(profile=None, because=_undecided(judged, fits, seen), fits=fits)


def _fits(seen: Seen, known: Sequence[Profile]) -> Iterator[Fit]:
    for profile in known:
        found = [fit for workload in seen.workloads if (fit := _fit(profile, workload))]
        if found:
            yield max(found, key=lambda fit: fit.sure)


def _fit(profile: Profile, workload: SeenWorkload) -> Fit | None:
    for image in workload.images:
        if _is_its_image(profile, workload, image):
            evidence = f"{workload} runs the image {image}"
            return Fit(profile=profile, evidence=evidence, sure=True, release=tag_of(image))
    if workload.name in profile.signs.workloads:
        evidence = f"{workload} has the name, but runs {', '.join(workload.images) or 'no image'}"
        return Fit(profile=profile, evidence=evidence, sure=False)
    return None


def _is_its_image(profile: Profile, workload: SeenWorkload, image: str) -> bool:
    """Mirrors keep the end of a repository's path; one that keeps only the last part needs the name beside it."""
    repository = repository_of(image)
    for known in profile.signs.images:
        if repository == known or repository.endswith(f"/{known}"):
            return True
        same_end = repository.rpartition("/")[2] == known.rpartition("/")[2]
        if same_end and workload.name in profile.signs.workloads:
            return True
    return False


def _chosen(fit: Fit, seen: Seen) -> str:
    words = f"{fit.profile.title}: {fit.evidence}"
    if (
        fit.release
        and fit.profile.release != ANY
        and fit.release.removeprefix("v") not in fit.profile.release
    ):
        words += f"; the profile was written for {fit.profile.release}"
    if not any(kind in seen.served for kind in fit.profile.kinds):
        words += "; but the cluster serves none of the SMI kinds that it acts on"
    return words


def _undecided(judged: Sequence[Fit], fits: Sequence[Fit], seen: Seen) -> str:
    if judged:
        words = "several meshes fit: " + "; ".join(f"{fit.profile.name} ({fit.evidence})" for fit in judged)
        return f"{words}; name one of them"
    writers = [fit for fit in fits if fit.sure]
    if writers:
        found = "; ".join(f"{fit.profile.title}, {fit.evidence}" for fit in writers)
        return f"what is there only writes SMI objects ({found}); name the mesh that acts on them"
    if fits:
        looks = "; ".join(f"{fit.profile.name}: {fit.evidence}" for fit in fits)
        return f"no image decides, though something looks familiar ({looks}); name the mesh if it is that one"
    return (
        f"no known mesh is there; {_served(seen)}; write a profile of your own and name its file{_gaps(seen)}"
    )


def _served(seen: Seen) -> str:
    if not seen.served:
        return "the cluster serves no SMI kind"
    kinds = (f"{kind} {', '.join(versions)}" for kind, versions in sorted(seen.served.items()))
    return f"the cluster serves {'; '.join(kinds)}"


def _gaps(seen: Seen) -> str:
    return f" (could not look at {'; '.join(seen.unseen)})" if seen.unseen else ""
