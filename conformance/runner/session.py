"""One run: a cluster, a provider and a world, and the scenarios that are judged in them one after the other."""

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from conformance.model.result import ScenarioResult
from conformance.model.scenario import Scenario
from conformance.places import fixtures_root
from conformance.probe.prober import Prober
from conformance.runner.claims import why_unsupported
from conformance.runner.ground import Ground, open_ground
from conformance.runner.performance import perform
from conformance.runner.result import Subject, unsupported
from conformance.runner.settings import RunSettings, Tell
from conformance.runner.stage import Stage, set_stage
from conformance.runner.waiting import SystemClock
from conformance.scenario import load_world
from conformance.spec import ApiVersion, bundle_for


class Session:
    """Judges scenarios, one at a time. Open it before the first and close it after the last."""

    def __init__(self, settings: RunSettings) -> None:
        self._settings = settings
        self._world = load_world(fixtures_root() / "world" / "world.yaml")
        self._faults = settings.faults
        self._undo = ExitStack()
        self._stage: Stage | None = None
        self._ground: Ground | None = None

    def open(self, tell: Tell = lambda _: None) -> None:
        """Start the cluster and the mesh.

        Args:
            tell: Hears what is happening: a cluster may take its time.

        Raises:
            UsageError: There is no such cluster, provider or fault.
            EnvironmentBrokenError: This machine lacks something.
        """
        try:
            self._open(tell)
        except BaseException:
            self.close()
            raise

    def judge(self, scenario: Scenario, version: ApiVersion, tell: Tell) -> ScenarioResult:
        """Play one scenario in one version and judge it. Raises nothing but KeyboardInterrupt.

        Args:
            scenario: What to play.
            version: The version of its API group to judge.
            tell: Hears what is happening, in a few words.
        """
        assert self._stage is not None
        provider = self._stage.provider
        subject = Subject(
            scenario=scenario,
            version=version,
            bundle=bundle_for(scenario.group, version, provider.served()),
            way=self._settings.way,
            faults=self._faults,
            starter=self._settings.starter,
        )
        reason = why_unsupported(scenario, version, subject.bundle, provider)
        return unsupported(subject, reason) if reason else perform(self._stage, self._world, subject, tell)

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Name what a reader of the report needs to know: versions and settings."""
        if self._ground is None:
            return ()
        # By name: `auto` is a question, and a report is about its answer.
        provider = self._ground.provider
        return ("provider", provider.name), *provider.facts(), *self._ground.facts

    def set_faults(self, names: tuple[str, ...]) -> None:
        """Turn the reference mesh into another wrong mesh, or a right one; its sidecars are it on return.

        Raises:
            UsageError: There is no such fault.
        """
        assert self._ground is not None
        assert self._ground.breakable is not None, "only a mesh of ours is broken"
        self._ground.breakable.set_faults(names)
        self._faults = names

    def renew(self) -> None:
        """Make a new world for what comes next: a fault set later leaves connections as they are that are open."""
        assert self._stage is not None
        self._stage.renew()

    def close(self) -> None:
        """End everything that was started. Safe to call twice."""
        self._stage = None
        self._undo.close()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def _open(self, tell: Tell) -> None:
        ground = self._ground = open_ground(self._settings, self._undo, tell)
        prober = Prober(ground.cluster.channel, settle=ground.settle)
        self._undo.callback(prober.close)
        self._stage = set_stage(
            ground,
            prober=prober,
            clock=SystemClock(),
            world=self._world,
            run_id=self._settings.run_id,
            evidence=self._settings.evidence,
        )
