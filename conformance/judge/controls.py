"""What shows that a refusal is one: that its path is open and that its ends are alive.

A call that is not answered is evidence of a refusal only where the same path carries calls when it may. A
mesh that is simply down would otherwise pass every scenario that expects refusals.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from conformance.judge.outcomes import classify
from conformance.model.topology import Topology
from conformance.model.traffic import AddressForm, Cell, Outcome, Target, Witnessed


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One call that got through in this scenario."""

    source: str
    name: str
    """The key that was called, whatever the form."""
    port: int
    responder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSet:
    """Everything in one scenario that shows paths to be open and ends to be alive."""

    topology: Topology
    proofs: frozenset[Proof] = frozenset()
    alive: frozenset[str] = field(default=frozenset())
    """Keys of workloads whose app was shown, past the mesh, to answer."""

    @classmethod
    def of(cls, witnessed: Iterable[Witnessed], topology: Topology, alive: Iterable[str] = ()) -> Self:
        """Collect the proofs in *witnessed*: the calls of any step or control of the same scenario."""
        proofs = frozenset(
            Proof(
                source=one.cell.source,
                name=one.cell.target.name,
                port=one.cell.target.port,
                responder=one.receipts[0].responder,
            )
            for one in witnessed
            if classify(one) is Outcome.ALLOWED
        )
        return cls(topology=topology, proofs=proofs, alive=frozenset(alive))

    def missing_for(self, cell: Cell) -> str:
        """Say which control a refusal of *cell* lacks; empty when it has one.

        A source outside the mesh can never be let in, so its control is a pair: it reached something
        outside the mesh, and somebody reached the port it was refused.
        """
        path = f"{cell.source} -> {cell.target.name}:{cell.target.port}"
        if any(self._same_place(proof, cell.target) and proof.source == cell.source for proof in self.proofs):
            return ""
        if self._is_meshed(cell.source):
            return f"no call of this scenario got through on {path}"
        if not any(self._left_the_mesh_out(proof, cell.source) for proof in self.proofs):
            return f"{cell.source}, outside the mesh, reached nothing else outside the mesh"
        if not any(self._same_place(proof, cell.target) for proof in self.proofs):
            return f"nobody reached {cell.target.name}:{cell.target.port} in this scenario"
        return ""

    def ends_are_alive(self, cell: Cell) -> bool:
        """Say whether everybody behind the target answered past the mesh; the caller did, by telling what it
        saw.
        """
        return self._behind(cell.target) <= self.alive

    def touches_the_mesh(self, cell: Cell) -> bool:
        """Say whether the caller, or anybody that the call can lead to, is in the mesh."""
        return any(self._is_meshed(key) for key in (cell.source, *self._behind(cell.target)))

    def _same_place(self, proof: Proof, target: Target) -> bool:
        return (proof.name, proof.port) == (target.name, target.port)

    def _left_the_mesh_out(self, proof: Proof, source: str) -> bool:
        return proof.source == source and not self._is_meshed(proof.responder)

    def _is_meshed(self, key: str) -> bool:
        workload = self.topology.workloads.get(key)
        return workload is None or workload.meshed

    def _behind(self, target: Target) -> frozenset[str]:
        if target.form is AddressForm.POD:
            return frozenset({target.name})
        service = self.topology.services.get(target.name)
        return frozenset(one.key for one in self.topology.behind(service)) if service else frozenset()
