"""What a scenario is played on: one cluster, one provider, one world, and the means to send and to wait."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from conformance.cluster import Cluster
from conformance.probe.prober import Prober
from conformance.providers.protocol import Provider
from conformance.runner.addresses import Addresses
from conformance.runner.beacon import Beacon
from conformance.runner.caller import Caller
from conformance.runner.ground import Ground
from conformance.runner.policy import PolicyBook
from conformance.runner.waiting import Clock
from conformance.runner.world import LiveWorld
from conformance.scenario import World
from conformance.spec import ApiGroup


@dataclass(slots=True, kw_only=True)
class Stage:
    """Where scenarios are played, one after the other. Its caller and beacon change with the world's generation."""

    cluster: Cluster
    provider: Provider
    prober: Prober
    clock: Clock
    world: LiveWorld
    policy: PolicyBook
    caller: Caller
    beacon: Beacon
    evidence: Path
    is_stale: bool = False
    """The world was to be thrown away and could not be: it is not to be played in."""

    @property
    def serves_access(self) -> bool:
        """Whether calls need grants here: without the access API nobody can be refused, nor let in."""
        return _serves(self.provider, ApiGroup.ACCESS, ApiGroup.SPECS)

    def replace_pods(self, workloads: Collection[str]) -> None:
        """Have new pods take the place of those of these workloads, and of those made with them.

        Raises:
            ConformanceError: The cluster did not do its part.
        """
        concerned = self.world.topology.made_with(workloads)
        self.prober.hang_up(concerned)
        self.world.replace_pods(concerned, self.clock)

    def renew(self) -> None:
        """Throw the world away and begin a new one under other names.

        Raises:
            ConformanceError: The cluster did not do its part; then the world `is_stale` until this has succeeded.
        """
        self.is_stale = True
        self.prober.close()
        self.world.renew()
        self.policy.forget()
        self.caller, self.beacon = _means(self.cluster, self.provider, self.prober, self.world, self.clock)
        self.is_stale = False


def _means(
    cluster: Cluster, provider: Provider, prober: Prober, world: LiveWorld, clock: Clock
) -> tuple[Caller, Beacon]:
    caller = Caller(prober, Addresses(cluster, world), world.call_prefix, clock)
    grants = _serves(provider, ApiGroup.ACCESS, ApiGroup.SPECS)
    splits = _serves(provider, ApiGroup.SPLIT)
    timeout = provider.convergence.waiting_call
    return caller, Beacon(world, caller, grants=grants, splits=splits, timeout=timeout)


def _serves(provider: Provider, *groups: ApiGroup) -> bool:
    served = provider.served()
    return all(served.get(group) for group in groups)


def set_stage(  # noqa: PLR0913  # one of each, and nothing else
    ground: Ground, *, prober: Prober, clock: Clock, world: World, run_id: str, evidence: Path
) -> Stage:
    """Put the means together for one run.

    Args:
        ground: Open.
        prober: Speaks to the cluster's workloads.
        clock: Where time comes from.
        world: The sample workloads.
        run_id: Names namespaces and calls.
        evidence: Where scenarios that did not pass leave theirs.
    """
    live = LiveWorld(ground.cluster, ground.provider, world, run_id, ground.ready_deadline)
    caller, beacon = _means(ground.cluster, ground.provider, prober, live, clock)
    return Stage(
        cluster=ground.cluster,
        provider=ground.provider,
        prober=prober,
        clock=clock,
        world=live,
        policy=PolicyBook(ground.cluster, ground.provider.webhooks),
        caller=caller,
        beacon=beacon,
        evidence=evidence,
    )
