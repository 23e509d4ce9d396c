"""The control plane prepares sidecars, knows when they are ready, and leaves nothing behind."""

import json
import stat
from datetime import timedelta

import pytest

from conformance.errors import EnvoyMissingError, UsageError
from conformance.refmesh import ControlPlane, ControlPlaneSettings, ResourceKind, ServerSettings
from conformance.refmesh.pipeline import Pipeline
from conformance.refmesh.snapshot import Snapshot
from conformance.tests.doubles.local_mesh import (
    Addresses,
    LocalMesh,
    a_grant,
    a_pod,
    a_service,
    process,
    some_routes,
    wait_until,
)

SIDECAR = "here/shop-0"


@pytest.fixture
def plane(tmp_path):
    plane = ControlPlane(tmp_path / "plane", Addresses())
    plane.start()
    yield plane
    plane.close()


def test_missing_envoy_is_told_before_anything_starts(tmp_path):
    """Otherwise each of many pods would tell it, much later."""
    settings = ControlPlaneSettings(envoy=tmp_path / "nothing")
    with pytest.raises(EnvoyMissingError):
        ControlPlane(tmp_path / "plane", Addresses(), settings).start()
    assert not (tmp_path / "plane").exists()


def test_control_plane_that_was_never_started_can_be_closed(tmp_path):
    """Whoever fails half way closes everything."""
    ControlPlane(tmp_path, Addresses()).close()


@pytest.mark.envoy
def test_launch_names_the_sidecar_and_where_it_is_steered_from(plane, tmp_path):
    """All that a pod runner needs, and nothing of the runner's own environment."""
    launch = plane.sidecar(a_pod("shop", 1), "127.77.2.1", tmp_path / "pod")
    start = json.loads((tmp_path / "pod" / "envoy.json").read_text())
    assert launch.argv[1:3] == ("--config-path", str(tmp_path / "pod" / "envoy.json"))
    assert launch.environment == {}
    assert launch.log.parent == tmp_path / "pod"
    assert start["node"]["id"] == SIDECAR
    assert start["admin"]["address"]["socket_address"] == {"address": "127.77.2.1", "port_value": 15000}
    assert stat.S_ISSOCK((tmp_path / "pod" / "xds.sock").stat().st_mode)


@pytest.mark.envoy
def test_sidecar_that_does_not_run_is_not_ready(plane, tmp_path):
    """It is asked before the process is even started."""
    launch = plane.sidecar(a_pod("shop", 1), "127.77.2.1", tmp_path / "pod")
    assert launch.is_ready() is False
    plane.forget(SIDECAR)
    assert launch.is_ready() is False


@pytest.mark.envoy
def test_forgotten_sidecar_leaves_neither_socket_nor_credentials(plane, tmp_path):
    """Pods come and go for hours."""
    plane.sidecar(a_pod("shop", 1), "127.77.2.1", tmp_path / "pod")
    plane.forget(SIDECAR)
    plane.forget(SIDECAR)
    assert not (tmp_path / "pod" / "xds.sock").exists()
    assert list((tmp_path / "plane" / "credentials").iterdir()) == []
    assert plane.status() == ()


@pytest.mark.envoy
def test_closing_twice_is_no_error(plane, tmp_path):
    """Whoever closes need not know who closed before."""
    plane.sidecar(a_pod("shop", 1), "127.77.2.1", tmp_path / "pod")
    plane.close()
    plane.close()
    assert list((tmp_path / "plane" / "credentials").iterdir()) == []


@pytest.mark.envoy
def test_unknown_fault_is_refused(plane):
    """A misspelt fault must not pass for a faultless mesh."""
    with pytest.raises(UsageError):
        plane.set_faults(["no-such-fault"])


class Breakable(Pipeline):
    """A pipeline that spoils one route of every sidecar when it is told to."""

    is_broken = False

    def run(self, objects):
        snapshots = super().run(objects)
        if not Breakable.is_broken:
            return snapshots
        return {
            sidecar: Snapshot(
                listeners=one.listeners,
                clusters=one.clusters,
                routes={name: {**route, "no_such_field": 1} for name, route in one.routes.items()},
            )
            for sidecar, one in snapshots.items()
        }


@pytest.fixture
def breakable():
    server = ServerSettings(retry=timedelta(milliseconds=50))
    with LocalMesh(("client", "shop"), ControlPlaneSettings(server=server), Breakable) as mesh:
        yield mesh
    Breakable.is_broken = False


@pytest.mark.envoy
def test_refused_policy_is_told_in_envoys_words_and_the_next_one_arrives(breakable):
    """A mistake of the mesh is seen, and does not outlast its cause."""
    Breakable.is_broken = True
    breakable.apply()
    wait_until(lambda: len(breakable.plane.rejections()) == 2, "both sidecars have refused")
    for rejection in breakable.plane.rejections():
        assert rejection.kind is ResourceKind.ROUTES
        assert "no_such_field" in rejection.words
    assert not breakable.is_current()
    Breakable.is_broken = False
    breakable.apply(a_grant("client", "shop"), some_routes())
    wait_until(lambda: breakable.call("client", "shop") == (200, "shop"), "the grant opens the path")
    wait_until(breakable.is_current, "every sidecar has taken over everything")


@pytest.mark.envoy
def test_fault_changes_a_running_mesh_and_goes_again():
    """Faults can be switched without new processes."""
    with LocalMesh(("client", "shop")) as mesh:
        assert mesh.call("client", "shop")[0] == 403
        mesh.plane.set_faults(["allows-everything"])
        wait_until(lambda: mesh.call("client", "shop")[0] == 200, "everything is allowed")
        mesh.plane.set_faults([])
        wait_until(lambda: mesh.call("client", "shop")[0] == 403, "nothing is allowed")


@pytest.mark.envoy
def test_sidecar_becomes_ready_only_when_its_pod_is_known(plane, tmp_path):
    """A sidecar that runs without policy must not take calls."""
    launch = plane.sidecar(a_pod("late", 9), "127.77.2.9", tmp_path / "pod")
    with process(launch.argv, launch.log, launch.environment):
        wait_until(lambda: ("here/late-0", ResourceKind.CLUSTERS) in plane._server._polls, "the sidecar asks")
        assert not launch.is_ready()
        plane.replace([a_pod("late", 9), a_service("late", 9)])
        wait_until(launch.is_ready, "the sidecar is ready")


@pytest.mark.envoy
def test_sidecar_that_is_started_again_gets_everything_again(plane, tmp_path):
    """Its predecessor took over all there is; it knows nothing and asks from the beginning."""
    launch = plane.sidecar(a_pod("late", 9), "127.77.2.9", tmp_path / "pod")
    plane.replace([a_pod("late", 9), a_service("late", 9)])
    for _ in range(2):
        with process(launch.argv, launch.log, launch.environment):
            wait_until(launch.is_ready, "the sidecar is ready")
        assert not launch.is_ready()
    assert plane.rejections() == ()
