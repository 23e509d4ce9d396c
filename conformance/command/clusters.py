"""Commands about real clusters: looking at one, installing the reference mesh in it, cleaning up in it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from conformance.errors import UsageError
from conformance.runner.settings import KubernetesOptions, Tell

Kubeconfig = Annotated[
    Path | None,
    typer.Option(
        "--kubeconfig",
        "--smi-kubeconfig",
        help="The way to the cluster; default: $KUBECONFIG, or ~/.kube/config.",
    ),
]
Context = Annotated[
    str | None,
    typer.Option("--context", "--smi-context", help="The kubeconfig's context; default: its current one."),
]
Registry = Annotated[
    str,
    typer.Option(
        "--registry",
        "--smi-registry",
        help="Where the cluster finds the suite's images; default: its nodes have them.",
    ),
]
ImageBase = Annotated[
    str | None,
    typer.Option(
        "--image-base",
        "--smi-image-base",
        help="What the suite's images are built on; default: the official image of this Python.",
    ),
]


def look(options: KubernetesOptions) -> tuple[str, bool]:
    """Examine a cluster; gives what was found, and whether a run can begin."""
    from conformance.runner.doctor import examine  # late: it brings Kubernetes' client along

    examination = examine(options)
    return str(examination), not examination.lacking


def install_mesh(
    options: KubernetesOptions, replicas: int, window: float, source: tuple[str, str] | None, tell: Tell
) -> None:
    """Install the reference mesh, or bring it up to date.

    Raises:
        UsageError: There is no such source of metrics, or no such window.
    """
    from conformance.cluster.images import image_names  # late, likewise
    from conformance.kubemesh import MeshInstall, install

    wanted = MeshInstall(
        image=image_names(options.image_base, options.registry).mesh,
        replicas=replicas,
        window=timedelta(seconds=window),
        prometheus=_prometheus(source) if source else "",
    )
    _with_api(options, lambda api: install(api, wanted, tell))


def _prometheus(source: tuple[str, str]) -> str:
    from conformance.refmesh.metrics import prometheus_address  # late, likewise

    kind, url = source
    if kind != "prometheus":
        raise UsageError(
            f"metrics cannot be had from {kind} {url}",
            "--metrics-source",
            "say prometheus and its address as pods reach it, such as http://prometheus.monitoring.svc:9090",
        )
    prometheus_address(url)
    return url


def mesh_status(options: KubernetesOptions) -> str:
    """Say how the reference mesh is."""
    from conformance.kubemesh import status  # late, likewise

    return str(_with_api(options, status))


def uninstall_mesh(options: KubernetesOptions, tell: Tell, *, with_objects: bool) -> None:
    """Remove the reference mesh."""
    from conformance.kubemesh import uninstall  # late, likewise

    _with_api(options, lambda api: uninstall(api, tell, with_objects=with_objects))


def draft(options: KubernetesOptions, name: str) -> str:
    """Write a first profile for the mesh in a cluster."""
    from conformance.cluster.kubernetes.view import KubernetesView  # late, likewise
    from conformance.providers.drafting import draft_profile
    from conformance.providers.seeing import look_around

    where = options.context or "kubeconfig"
    return str(_with_api(options, lambda api: draft_profile(look_around(KubernetesView(api, where)), name)))


def images(registry: str, base: str | None) -> tuple[str, ...]:
    """Name the images."""
    from conformance.cluster.images import image_list  # late, likewise

    return image_list(base, registry)


def save_images(file: Path, registry: str, base: str | None, tell: Tell) -> tuple[str, ...]:
    """Build the images and write them into *file*; gives their names."""
    from conformance.cluster import images as built  # late, likewise

    return built.save_images(file, tell, base, registry).all


def rename_images(registry: str, base: str | None, tell: Tell) -> tuple[str, ...]:
    """Build the images and name them as *registry* does; gives their names."""
    from conformance.cluster import images as built  # late, likewise

    return built.rename_images(registry, tell, base).all


def image_contexts(directory: Path, base: str | None, tell: Tell) -> tuple[str, ...]:
    """Write what builds the images for several kinds of machine; gives the names they must get."""
    from conformance.cluster import images as built  # late, likewise

    return built.write_contexts(directory, tell, base).all


def sweep(options: KubernetesOptions | None) -> list[str]:
    """Remove what killed runs have left: processes, kind clusters, and, where one is named, in a cluster."""
    from conformance.cluster.embedded import sweep_leftovers  # late, likewise
    from conformance.cluster.kind import sweep_kind_clusters

    done = [*sweep_leftovers(), *sweep_kind_clusters()]
    if options is not None:
        from conformance.cluster.kubernetes import sweep as sweep_cluster

        done += _with_api(options, sweep_cluster)
    return done


def _with_api(options: KubernetesOptions, work: Callable[[Any], Any]) -> Any:
    from conformance.cluster.kubernetes import connect  # late, likewise

    with connect(options.kubeconfig, options.context) as api:
        return work(api)
