"""A mesh that is one function: who answers a call, given what is stored in the cluster's memory."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from fractions import Fraction

from conformance.model.expectation import Access, Spread
from conformance.model.manifest import Manifest  # noqa: TC001  # read where the attribute is declared
from conformance.model.scenario import ConvergenceSettings, Feature, MetricsSettings, SplitProbe
from conformance.model.topology import Service, Topology, Workload
from conformance.model.traffic import AddressForm, Call, Cell, HttpRequest, Target
from conformance.oracle import expected_for_responder, expected_spread
from conformance.providers.protocol import HeadersShape, kinds_of
from conformance.scenario import World
from conformance.spec import ApiGroup, ApiVersion, Level
from conformance.tests.doubles.journal import Journal
from conformance.tests.doubles.memory_cluster import MemoryCluster

Shares = Mapping[str, Fraction]
"""Who answers, by key, and which fraction of like calls; empty when nobody does."""

Rule = Callable[[str, Call], Shares]
"""Says of a source's key and a call of it who answers."""


class MemoryMesh:
    """A provider that does by itself what the oracle expects; a test replaces `rule` or `heard`.

    It shows how the runner takes a mesh. Whether the oracle is right is not its business.
    """

    name = "memory"
    looked_for_metrics = "nothing"
    metrics = MetricsSettings(window=timedelta(seconds=10), lag=timedelta(seconds=1))
    convergence = ConvergenceSettings(deadline=timedelta(milliseconds=60), window=timedelta(milliseconds=10))

    def __init__(self, cluster: MemoryCluster, world: World, journal: Journal) -> None:
        self.features = frozenset(Feature)
        self.levels = frozenset(Level)
        self.headers_shape: HeadersShape = "map"
        self.webhooks: frozenset[str] = frozenset({"validator.memory.example"})
        self.groups: dict[ApiGroup, tuple[ApiVersion, ...]] = {
            group: tuple(ApiVersion) for group in (ApiGroup.ACCESS, ApiGroup.SPECS, ApiGroup.SPLIT)
        }
        self.lacking: set[str] = set()
        self.rule: Rule = self.by_the_book
        self.heard: Callable[[], tuple[Manifest, ...]] = cluster.policy
        """What it knows of the SMI objects; all of them at once by itself."""
        self.host_template = "{0.name}.{0.namespace}.svc.cluster.local"
        """How its callers reach a Service of its own; they reach it by no other full name."""
        self.faults: tuple[str, ...] = ()
        self._cluster = cluster
        self._world = world
        self._journal = journal

    def served(self) -> Mapping[ApiGroup, tuple[ApiVersion, ...]]:
        """Serve what `groups` says."""
        return self.groups

    def kinds(self) -> Mapping[str, tuple[ApiVersion, ...]]:
        """Serve every kind of its groups but those in `lacking`."""
        return {name: found for name, found in kinds_of(self.groups).items() if name not in self.lacking}

    def host(self, service: Service) -> str:
        """Spell the host by its template."""
        return self.host_template.format(service)

    def check_joined(self, namespaces: Iterable[str]) -> None:
        """Fail as scripted."""
        self._journal.note("joined", tuple(namespaces))

    def check_running(self) -> None:
        """Fail as scripted."""
        self._journal.note("running", "mesh")

    def start(self) -> None:
        """Need nothing."""
        self._journal.note("start", "mesh")

    def set_faults(self, names: Iterable[str]) -> None:
        """Remember them."""
        self.faults = tuple(names)

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Say what it is."""
        return (("proxy", "none"),)

    def close(self) -> None:
        """Hold nothing."""
        self._journal.note("close", "mesh")

    def topology(self) -> Topology:
        """Say who runs, by what the cluster has stored."""
        namespaces = {one.name.partition("-")[0]: one.name for one in self._cluster.list("Namespace")}
        running = {one.workload for one in self._cluster.pods()}
        return self._world.topology(namespaces, running)

    def by_the_book(self, source: str, call: Call) -> Shares:
        """Let through what the manifests grant, in the shares that they give."""
        topology, policy = self.topology(), self.heard()
        target = self._target(source, call, topology)
        access = ApiGroup.ACCESS in self.groups
        if isinstance(call.request, HttpRequest) and target.form is not AddressForm.POD:
            probe = SplitProbe(
                source=source, service=target.name, port=call.port, request=call.request, form=target.form
            )
            spread = expected_spread(policy, topology, probe, access=access)
            return shared_out(spread) or evenly(spread.among)
        cell = Cell(source=source, target=target, request=call.request)
        rulings = {
            key: expected_for_responder(policy, topology, cell, key, access=access)
            for key in topology.workloads
        }
        return evenly(key for key, one in rulings.items() if one.access is not Access.DENIED)

    def target(self, source: str, call: Call) -> Target:
        """Say what a call goes to."""
        return self._target(source, call, self.topology())

    def behind(self, target: Target) -> tuple[str, ...]:
        """Name who may be behind a target."""
        topology = self.topology()
        if target.form is AddressForm.POD:
            return (target.name,)
        return tuple(one.key for one in topology.behind(topology.services[target.name]))

    def _target(self, source: str, call: Call, topology: Topology) -> Target:
        for pod in self._cluster.pods():
            if pod.address == call.host:
                return Target(name=pod.workload, port=call.port, form=AddressForm.POD)
        caller = topology.workloads[source]
        for service in topology.services.values():
            for form, host in self._hosts(service, caller).items():
                if host == call.host:
                    return Target(name=service.key, port=call.port, form=form)
        raise LookupError(f"nothing is called {call.host!r}")

    def _hosts(self, service: Service, caller: Workload) -> Mapping[AddressForm, str]:
        stored = {f"{one.namespace}/{one.name}": one for one in self._cluster.list("Service")}
        within = caller.meshed and service.meshed
        found = {AddressForm.SERVICE: self.host(service) if within else service.fqdn}
        if service.key in stored:
            found[AddressForm.CLUSTER_IP] = str(stored[service.key].body["spec"]["clusterIP"])
        if service.namespace == caller.namespace:
            found[AddressForm.SHORT] = service.name
        return found


def shared_out(spread: Spread) -> Shares:
    """Give each workload its share; several behind one Service divide that of the Service."""
    return {
        one: share / len(spread.workloads_of(key))
        for key, share in (spread.shares or {}).items()
        for one in spread.workloads_of(key)
    }


def evenly(keys: Iterable[str]) -> Shares:
    """Give all of them the same share."""
    found = tuple(keys)
    return {key: Fraction(1, len(found)) for key in found}
