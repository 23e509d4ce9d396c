"""One kind cluster with the reference mesh, for all tests here that ask for it."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from conformance.cluster.images import build_images
from conformance.cluster.kind import KindHost
from conformance.cluster.kubernetes import KubernetesCluster, KubernetesSettings, connect
from conformance.kubemesh import MeshInstall, install, status, uninstall
from conformance.kubemesh.rest import Rest
from conformance.places import fixtures_root
from conformance.scenario.world import load_world
from conformance.tests.kind_clusters.real_kind import real_kind_or_skip
from conformance.tests.kubemesh.real_mesh import (
    CLIENT_A,
    NAMESPACES,
    RUN,
    SHORT,
    WINDOW,
    WORKLOADS,
    ask,
    granted,
    inventory,
    until,
)


@pytest.fixture(scope="session")
def place(pytestconfig, tmp_path_factory):
    """A kind cluster with the suite's images, and the objects that were in it before anything else."""
    real = real_kind_or_skip(pytestconfig)
    images = build_images(print, real.base)
    with KindHost(real.settings, RUN, print) as host:
        for image in images.all:
            host.load(image)
        api = connect(host.kubeconfig, host.context)
        yield SimpleNamespace(
            api=api,
            rest=Rest(api),
            kubeconfig=host.kubeconfig,
            context=host.context,
            images=images,
            before=inventory(Rest(api)),
        )
        api.close()


@pytest.fixture(scope="session")
def mesh(place):
    """The mesh, with two replicas."""
    wanted = MeshInstall(image=place.images.mesh, replicas=2, lifetime=SHORT, window=WINDOW)
    install(place.api, wanted, print)
    yield wanted
    uninstall(place.api, print)


@pytest.fixture(scope="session")
def cluster(place, mesh):
    """Two clients, a shop, and a caller outside the mesh."""
    settings = KubernetesSettings(run_id=RUN, name="kind", probe_image=place.images.probe)
    with KubernetesCluster(place.api, settings) as cluster:
        world = load_world(fixtures_root() / "world" / "world.yaml")
        cluster.apply(world.manifests(NAMESPACES, WORKLOADS))
        cluster.await_ready(WORKLOADS, timedelta(minutes=3))
        cluster.apply(granted("client-a"))
        until(lambda: ask(cluster, CLIENT_A) == 200, "the grant holds")
        until(lambda: "from 3 sidecars" in status(place.api), "sidecars tell what they count")
        yield cluster
