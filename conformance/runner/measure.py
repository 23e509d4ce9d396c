"""One step: what it is expected to show, the wait until the mesh has acted, and the one measurement."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from conformance.judge import ResponderRule, ShareTest, SplitSettings, classify
from conformance.model.expectation import Access, Expected, Spread, TruthTable
from conformance.model.manifest import Manifest
from conformance.model.measuring import MetricsProbe
from conformance.model.scenario import AccessProbe, Probe, SplitProbe
from conformance.model.traffic import Cell, Outcome, Target, Witnessed
from conformance.oracle import expected_for_responder, expected_spread, expected_table
from conformance.probe.sample import ShareSample
from conformance.runner.metering import AskedMetrics, measure_metrics
from conformance.runner.stage import Stage

REPEAT = 3
"""How often a cell is asked at least, so that a rule only some proxies know shows. A guess. Unit: calls."""

_SPREAD = 48
"""Connections at least where no shares are stated: a plain Service may choose an endpoint per connection.
docs/statistics.md says how often somebody behind it is then missed. Unit: connections."""

_TASTE = 24
"""Calls that taste a split while waiting: a backend that is expected and absent, or the reverse, shows. A guess."""

_AGREEING = {
    Access.ALLOWED: (Outcome.ALLOWED,),
    Access.DENIED: (Outcome.DENIED,),
    Access.OPEN: tuple(Outcome),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedAccess:
    """Cells that were measured, with what was expected of them."""

    table: TruthTable
    witnessed: tuple[Witnessed, ...]
    by_responder: ResponderRule
    """Says of a workload whether it may receive a cell, where a target leads to several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedSplit:
    """A split that was measured, until the test was sure."""

    test: ShareTest
    cell: Cell
    """Whose request it was, to which Service."""
    among: frozenset[str]
    """Keys of the workloads that may answer."""


Asked = AskedAccess | AskedSplit | AskedMetrics


class Question:
    """One probe of a step, with the oracle's expectation: asked while waiting, then measured once."""

    def __init__(self, stage: Stage, probe: Probe, in_force: Sequence[Manifest]) -> None:
        self._stage = stage
        self._probe = probe
        self._in_force = in_force
        self._topology = topology = stage.world.topology
        self._timeouts = stage.provider.convergence
        self._table: TruthTable = {}
        self._spread: Spread | None = None
        access = stage.serves_access
        match probe:
            case AccessProbe():
                self._table = expected_table(in_force, topology, probe.cells, access=access)
            case SplitProbe():
                self._spread = expected_spread(in_force, topology, probe, access=access)
            case MetricsProbe(drives=drives):
                cells = tuple(dict.fromkeys(one.cell for one in drives))
                self._table = expected_table(in_force, topology, cells, access=access)

    def disagreement(self) -> str:
        """Ask once and say where the mesh does not yet do what is expected; empty when it all agrees."""
        match self._probe:
            case AccessProbe(cells=cells, keep_alive=keep_alive):
                waiting = self._timeouts.waiting_call
                return self._access_disagreement(
                    self._ask(cells, 1, waiting, tasting=True, keep_alive=keep_alive)
                )
            case SplitProbe():
                return self._split_disagreement(self._probe)
            case MetricsProbe():
                cells = tuple(self._table)
                asked = self._ask(cells, 1, self._timeouts.waiting_call, tasting=True) if cells else ()
                return self._access_disagreement(asked)

    def measure(self) -> Asked:
        """Send what decides. Called once."""
        match self._probe:
            case AccessProbe(cells=cells, repeat=repeat, keep_alive=keep_alive):
                often, patience = max(REPEAT, repeat), self._timeouts.measured_call
                witnessed = self._ask(cells, often, patience, keep_alive=keep_alive)
                return AskedAccess(table=self._table, witnessed=witnessed, by_responder=self._for_responder)
            case SplitProbe():
                return self._measure_split(self._probe)
            case MetricsProbe():
                return measure_metrics(self._stage, self._probe, self._table, self._in_force)

    def _for_responder(self, cell: Cell, responder: str, port: int) -> Expected:
        access = self._stage.serves_access
        return expected_for_responder(self._in_force, self._topology, cell, responder, port, access=access)

    def _ask(
        self,
        cells: Sequence[Cell],
        repeat: int,
        timeout: timedelta,
        *,
        tasting: bool = False,
        keep_alive: bool = False,
    ) -> tuple[Witnessed, ...]:
        receivers = self._stage.world.receivers
        return self._stage.caller.ask(
            cells, receivers, repeat=repeat, timeout=timeout, tasting=tasting, keep_alive=keep_alive
        )

    def _access_disagreement(self, witnessed: Sequence[Witnessed]) -> str:
        for one in witnessed:
            outcome, expected = classify(one), self._table[one.cell]
            if outcome not in _AGREEING[expected.access]:
                return f"{one.cell} is {outcome.value}, {expected.access.value} is expected"
        return ""

    def _split_disagreement(self, probe: SplitProbe) -> str:
        assert self._spread is not None
        sample = self._sample(probe, _TASTE)
        strangers = sample.counts.keys() - self._spread.among
        if strangers:
            return f"{', '.join(sorted(strangers))} answered {probe.service} and should not"
        if self._spread.among and not self._spread.may_fail and not sample.counts:
            return f"nobody answered {probe.service}"
        return ""

    def _sample(self, probe: SplitProbe, calls: int) -> ShareSample:
        timeout = self._timeouts.measured_call
        return self._stage.caller.sample(probe, self._stage.world.receivers, calls=calls, timeout=timeout)

    def _measure_split(self, probe: SplitProbe) -> AskedSplit:
        assert self._spread is not None
        test = ShareTest(self._spread, f"{probe.service}:{probe.port}", SplitSettings())
        if self._spread.shares is None:
            probe = replace(probe, connections=max(probe.connections, _SPREAD))
        while not test.decided:
            wanted = test.calls_wanted()
            test.add(self._sample(probe, wanted))
        target = Target(name=probe.service, port=probe.port, form=probe.form)
        cell = Cell(source=probe.source, target=target, request=probe.request)
        return AskedSplit(test=test, cell=cell, among=self._spread.among)
