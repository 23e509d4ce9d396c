"""A session whose cluster, mesh, prober and clock are doubles, with scenarios written for it on the spot."""

from functools import cache
from pathlib import Path

import pytest

from conformance.model.result import ScenarioResult
from conformance.model.scenario import Scenario
from conformance.places import fixtures_root
from conformance.runner import ground
from conformance.runner import session as session_module
from conformance.runner.session import Session
from conformance.runner.settings import RunSettings
from conformance.scenario import load_scenario, load_world
from conformance.scenario.reading import FOLDERS
from conformance.spec import ApiGroup, ApiVersion, Level, Requirement, Strength
from conformance.tests.doubles.clock import FakeClock
from conformance.tests.doubles.journal import Journal
from conformance.tests.doubles.memory_cluster import MemoryCluster
from conformance.tests.doubles.memory_mesh import MemoryMesh
from conformance.tests.doubles.memory_metrics import MemoryMetrics
from conformance.tests.doubles.memory_prober import MemoryProber

GRANT = """
  - name: client-a is listed
    apply:
      - HTTPRouteGroup: routes
        matches: [{name: metrics, pathRegex: "/metrics$", methods: [GET]}]
      - TrafficTarget: shop
        destination: shop
        sources: [client-a]
        rules: [{HTTPRouteGroup: routes, matches: [metrics]}]
    ask: {from: [client-a, client-b], to: [shop], requests: [GET /metrics]}
"""
"""A step with one cell that is granted and one, of client-b, that is refused."""

REVOKED = """
  - name: the target is gone
    delete: [TrafficTarget shop]
    ask: {from: [client-a, client-b], to: [shop], requests: [GET /metrics]}
"""
"""A step after `GRANT`."""

NOTHING = """
  - name: nothing changes
    ask: {from: [client-a], to: [shop], requests: [GET /metrics]}
"""
"""A step that applies and deletes nothing, and asks one cell."""

HALVES = """
  - name: half and half
    apply:
      - {TrafficSplit: website, service: website, backends: {website-v1: 50, website-v2: 50}}
    split: {from: client-a, to: website, request: GET /}
"""
"""A step with a split; open the paths to both."""

OPEN_WEBSITES = "open: [client-a -> website-v1, client-a -> website-v2]"

_world = cache(load_world)
"""The world is never changed, and takes longer to read than most tests."""


class Playhouse:
    """Everything behind one session, in memory; `play` is the way in."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.journal = Journal()
        self.clock = FakeClock()
        self.world = _world(fixtures_root() / "world" / "world.yaml")
        self.cluster = MemoryCluster(self.journal)
        self.mesh = MemoryMesh(self.cluster, self.world, self.journal)
        self.prober = MemoryProber(self.mesh, self.journal)
        self.evidence = directory / "evidence"
        self.told: list[str] = []
        self._directory = directory
        monkeypatch.setattr(session_module, "load_world", _world)
        monkeypatch.setattr(ground, "LocalCluster", lambda _run_id: self.cluster)
        monkeypatch.setattr(ground, "ReferenceMesh", lambda *_: self.mesh)
        monkeypatch.setattr(session_module, "Prober", lambda _channel, **_: self.prober)
        monkeypatch.setattr(session_module, "SystemClock", lambda: self.clock)
        self.session = self.a_session()

    def measure(self, fault: str = "") -> MemoryMetrics:
        """Serve metrics of every call from now on, right or wrong in one way."""
        self.session.close()
        self.mesh.groups[ApiGroup.METRICS] = (ApiVersion.V1ALPHA1,)
        metrics = MemoryMetrics(
            objects=self.cluster.list,
            everything=lambda: self.cluster.objects,
            now=self.clock.date,
            fault=fault,
        )
        self.cluster.answers = metrics.answer
        self.prober.metrics = metrics
        self.session = self.a_session()
        self.session.open()
        return metrics

    def serve_only(self, *groups: ApiGroup) -> None:
        """Begin anew with a mesh that serves nothing but these."""
        self.session.close()
        self.mesh.groups = {group: self.mesh.groups[group] for group in groups}
        self.session = self.a_session()
        self.session.open()
        self.journal.entries.clear()

    def a_session(self, *, provider: str = "reference", starter: str = "pytest") -> Session:
        """Make a session on these doubles, not yet open."""
        settings = RunSettings(
            run_id="run",
            cluster="local",
            provider=provider,
            faults=(),
            evidence=self.evidence,
            starter=starter,
        )
        return Session(settings)

    def a_scenario(
        self, *steps: str, folder: str = "traffic-access", head: str = "", level: Level = Level.MUST
    ) -> Scenario:
        """Read a scenario of these steps, called *folder*/example; *head* is more YAML at its top."""
        path = self._directory / folder / "example.yaml"
        path.parent.mkdir(exist_ok=True)
        versions = "" if "versions:" in head else "versions: [v1alpha1, v1alpha2, v1alpha3, v1alpha4]\n"
        top = f"id: {folder}/example\nshows: [example]\n{versions}summary: An example.\nwhy: A test.\n"
        path.write_text(f"{top}{head}\nsteps:{''.join(steps)}")
        return load_scenario(path, self.world, {"example": _requirement(folder, level)})

    def play(
        self,
        *steps: str,
        version: str = "v1alpha3",
        folder: str = "traffic-access",
        head: str = "",
        level: Level = Level.MUST,
    ) -> ScenarioResult:
        """Judge a scenario of these steps, about a requirement of this level."""
        scenario = self.a_scenario(*steps, folder=folder, head=head, level=level)
        return self.session.judge(scenario, ApiVersion(version), self.told.append)

    def key(self, symbolic: str, generation: int = 1) -> str:
        """Give the actual key of ``here/name`` in the world of this number."""
        namespace, _, name = symbolic.partition("/")
        return f"{namespace}-run-{generation}/{name}"


def _requirement(folder: str, level: Level) -> Requirement:
    return Requirement(
        id="example",
        says="An example.",
        quote="",
        group=FOLDERS[folder],
        versions=tuple(ApiVersion),
        section="nowhere",
        strength=Strength.STATED,
        level=level,
    )
