"""Splits as weighted clusters: how calls to a root Service's port are shared out."""

from collections.abc import Iterable

from conformance.refmesh.policy import SplitRule
from conformance.refmesh.translate import names
from conformance.refmesh.world import MeshWorld, Service

# Envoy adds weights up in 32 bits. Half of that leaves room for what rounding up adds.
_LARGEST_SUM = 2**31

Shares = tuple[tuple[str, int], ...]
"""Cluster names with their positive weights; empty when there is nowhere to send to."""


def split_of(service: Service, splits: Iterable[SplitRule]) -> SplitRule | None:
    """Choose the split that *service* is the root of.

    With several, the first by name holds in full, so that the result is stable and never a mixture.
    """
    fitting = [one for one in splits if (one.namespace, one.root) == (service.namespace, service.name)]
    return min(fitting, key=lambda one: one.origin, default=None)


def shares(split: SplitRule, port: int, world: MeshWorld) -> Shares:
    """Give each backend's cluster for the root's *port* its weight.

    Left out are backends of weight 0, Services that do not exist, and Services without that port. A backend
    stands for its plain Service even where it is the root of another split.

    Spec:
        split.smi-spec.io, "Ports": a backend takes part for a port only if it exposes the same one.
    """
    totals: dict[str, int] = {}
    for backend in split.backends:
        service = world.service(split.namespace, backend.service)
        if service and service.port(port) and backend.weight > 0:
            name = names.to_service(service.key, port)
            totals[name] = totals.get(name, 0) + backend.weight
    return _fitting(totals.items())


def _fitting(weights: Iterable[tuple[str, int]]) -> Shares:
    listed = sorted(weights)
    total = sum(weight for _, weight in listed)
    if total <= _LARGEST_SUM:
        return tuple(listed)
    return tuple((name, max(1, weight * _LARGEST_SUM // total)) for name, weight in listed)
