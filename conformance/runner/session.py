"""One run: a cluster, a provider and a world, and the scenarios that are judged in them one after the other."""

import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from conformance.cluster.embedded import LocalCluster
from conformance.errors import ConformanceError, UsageError
from conformance.model.result import ScenarioResult
from conformance.model.scenario import RenderedScenario, Scenario
from conformance.model.verdict import Verdict
from conformance.places import fixtures_root
from conformance.probe.prober import Prober
from conformance.providers.reference import ReferenceMesh
from conformance.runner.evidence import keep_evidence
from conformance.runner.play import Play
from conformance.runner.result import Subject, errored, judged, unsupported
from conformance.runner.settings import RunSettings
from conformance.runner.stage import Stage, set_stage
from conformance.runner.waiting import SystemClock
from conformance.scenario import load_world, render, unwritable
from conformance.spec import ApiVersion, bundle_for


class Session:
    """Judges scenarios, one at a time. Open it before the first and close it after the last."""

    def __init__(self, settings: RunSettings) -> None:
        self._settings = settings
        self._world = load_world(fixtures_root() / "world" / "world.yaml")
        self._closers: list[Callable[[], None]] = []
        self._stage: Stage | None = None
        self._provider: ReferenceMesh | None = None

    def open(self) -> None:
        """Start the cluster and the mesh.

        Raises:
            UsageError: There is no such cluster, provider or fault.
            EnvironmentBrokenError: This machine lacks something.
        """
        if self._settings.cluster != "local" or self._settings.provider != "reference":
            raise UsageError(
                f"there is no provider {self._settings.provider!r} on a cluster {self._settings.cluster!r}",
                "options --smi-cluster and --smi-provider",
                "use the reference mesh on the local cluster, which is the default",
            )
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def judge(self, scenario: Scenario, version: ApiVersion, tell: Callable[[str], None]) -> ScenarioResult:
        """Play one scenario in one version and judge it. Raises nothing but KeyboardInterrupt.

        Args:
            scenario: What to play.
            version: The version of its API group to judge.
            tell: Hears what is happening, in a few words.
        """
        assert self._stage is not None
        assert self._provider is not None
        served = self._provider.served()
        subject = Subject(
            scenario=scenario,
            version=version,
            bundle=bundle_for(scenario.group, version, served),
            provider=self._settings.provider,
            faults=self._settings.faults,
        )
        reason = self._why_unsupported(subject)
        return unsupported(subject, reason) if reason else self._play(subject, tell)

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Name what a reader of the report needs to know: versions and settings."""
        return self._provider.facts() if self._provider else ()

    def set_faults(self, names: tuple[str, ...]) -> None:
        """Turn the reference mesh into another wrong mesh, or a right one, from now on.

        Raises:
            UsageError: There is no such fault.
        """
        assert self._provider is not None
        self._provider.set_faults(names)

    def close(self) -> None:
        """End everything that was started. Safe to call twice."""
        while self._closers:
            self._closers.pop()()
        self._stage = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> None:
        directory = tempfile.TemporaryDirectory(prefix="smi-", ignore_cleanup_errors=True)
        self._closers.append(directory.cleanup)
        cluster = LocalCluster(self._settings.run_id)
        self._closers.append(cluster.close)
        self._provider = ReferenceMesh(cluster, Path(directory.name), self._settings.faults)
        self._closers.append(self._provider.close)
        self._provider.start()
        prober = Prober(cluster.channel)
        self._closers.append(prober.close)
        self._stage = set_stage(
            cluster=cluster,
            provider=self._provider,
            prober=prober,
            clock=SystemClock(),
            world=self._world,
            run_id=self._settings.run_id,
            evidence=self._settings.evidence,
        )

    def _why_unsupported(self, subject: Subject) -> str:
        assert self._provider is not None
        scenario = subject.scenario
        if subject.bundle is None:
            return f"{self._provider.name} does not serve {scenario.group.value}/{subject.version.value}"
        lacking = [need.value for need in scenario.needs if need not in self._provider.features]
        if lacking:
            return f"{self._provider.name} does not claim {', '.join(lacking)}"
        return "; ".join(unwritable(scenario, subject.bundle))

    def _play(self, subject: Subject, tell: Callable[[str], None]) -> ScenarioResult:
        assert self._stage is not None
        started = time.monotonic()
        play = Play(stage=self._stage, rendered=self._render(subject), tell=tell)
        try:
            play.steps()
            judgements = play.judge()
        except ConformanceError as error:
            result = errored(subject, error, duration=_since(started), evidence=self._keep(subject, play))
            self._stage.renew()
            return result
        result = judged(subject, play.played, judgements, duration=_since(started), evidence="")
        if result.verdict is not Verdict.PASSED:
            evidence = self._keep(subject, play)
            result = judged(subject, play.played, judgements, duration=_since(started), evidence=evidence)
        if not play.clean_up():
            tell("the mesh has not forgotten this scenario: making a new world")
            self._stage.renew()
        return result

    def _render(self, subject: Subject) -> RenderedScenario:
        assert self._stage is not None
        assert subject.bundle is not None
        return render(
            subject.scenario,
            subject.version,
            subject.bundle,
            self._world,
            self._stage.world.namespaces,
            headers_shape=self._stage.provider.headers_shape,
        )

    def _keep(self, subject: Subject, play: Play) -> str:
        """Keep evidence, and say where it lies below the report; a full disk must not change a verdict."""
        assert self._stage is not None
        where = Path(subject.scenario.id) / subject.version.value
        try:
            keep_evidence(self._stage, play, self._settings.evidence / where)
        except OSError as error:
            return f"not kept: {error}"
        return str(where)


def _since(started: float) -> timedelta:
    return timedelta(seconds=time.monotonic() - started)
