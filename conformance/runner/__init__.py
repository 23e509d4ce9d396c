"""Plays scenarios against a provider on a cluster: from apply to verdict."""

from collections.abc import Mapping


def faults() -> Mapping[str, str]:
    """Name the wrong meshes that the reference mesh can be turned into, each with what is wrong with it."""
    from conformance.refmesh.faults import FAULTS

    return {name: fault.says for name, fault in FAULTS.items()}
