"""How faults take hold of a policy: of each grant, each request condition, each split."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from conformance.refmesh.faults.fault import PolicyStage
from conformance.refmesh.policy import Grant, HttpMatch, Policy, SplitRule
from conformance.refmesh.world import MeshWorld


def each_grant(change: Callable[[Grant, MeshWorld], Iterable[Grant]]) -> PolicyStage:
    """Make a stage that puts what *change* gives in the place of every grant."""

    def stage(policy: Policy, world: MeshWorld) -> Policy:
        return replace(policy, grants=tuple(new for one in policy.grants for new in change(one, world)))

    return stage


def each_split(change: Callable[[SplitRule, MeshWorld], Iterable[SplitRule]]) -> PolicyStage:
    """Make a stage that puts what *change* gives in the place of every split."""

    def stage(policy: Policy, world: MeshWorld) -> Policy:
        return replace(policy, splits=tuple(new for one in policy.splits for new in change(one, world)))

    return stage


def each_match(change: Callable[[HttpMatch], Iterable[HttpMatch]]) -> PolicyStage:
    """Make a stage that puts what *change* gives in the place of every request condition, in grants and
    splits.
    """

    def changed(matches: tuple[HttpMatch, ...] | None) -> tuple[HttpMatch, ...] | None:
        return None if matches is None else tuple(new for one in matches for new in change(one))

    def stage(policy: Policy, world: MeshWorld) -> Policy:
        del world
        return Policy(
            grants=tuple(replace(one, http=changed(one.http)) for one in policy.grants),
            splits=tuple(replace(one, matches=changed(one.matches)) for one in policy.splits),
        )

    return stage
