"""The command ``smi-conformance``: run, list and explain scenarios; look at clusters; see to the reference mesh."""

import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from conformance.command import clusters
from conformance.command.catalogue import explain_id, list_profiles, list_scenarios
from conformance.command.clusters import Context, ImageBase, Kubeconfig, Registry
from conformance.command.running import run_scenarios
from conformance.command.top import top
from conformance.errors import ConformanceError, ScenarioError, UsageError
from conformance.runner.settings import KubernetesOptions

app = typer.Typer(
    help="Say whether a service mesh does what the Service Mesh Interface (SMI) promises.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@app.command(context_settings=_PASS_ON)
def run(context: typer.Context) -> None:
    """Judge a mesh: the reference mesh, unless told otherwise.

    Everything after `run` goes to pytest: -k WORD, -m MARKER, -x, --lf, -n 2, and the options of the suite,
    such as --smi-fault NAME and --smi-report DIR. `smi-conformance run --help` shows them all.
    """
    raise typer.Exit(run_scenarios(context.args))


@app.command("list")
def list_(
    word: Annotated[str, typer.Argument(help="Show only what has this in its id or summary.")] = "",
) -> None:
    """List scenarios, their versions and requirements."""
    _tell(lambda: list_scenarios(word))


@app.command()
def explain(name: Annotated[str, typer.Argument(help="The id of a requirement or scenario.")]) -> None:
    """Explain a requirement, or a scenario, by its id."""
    _tell(lambda: explain_id(name))


@app.command()
def doctor(
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    registry: Registry = "",
    image_base: ImageBase = None,
) -> None:
    """Look at the cluster of a kubeconfig: what it has and lacks for a run. Changes nothing."""
    text, is_fit = clusters.look(_options(kubeconfig, context, registry, image_base))
    typer.echo(text)
    raise typer.Exit(0 if is_fit else 3)


@app.command()
def clean(kubeconfig: Kubeconfig = None, context: Context = None) -> None:
    """Remove what interrupted runs have left behind: on this machine, and in a cluster if one is named."""
    is_named = kubeconfig is not None or context is not None
    done = clusters.sweep(_options(kubeconfig, context) if is_named else None)
    typer.echo("\n".join(done or ["nothing was left behind"]))


app.command()(top)

mesh = typer.Typer(help="The reference mesh: sample workloads on it here, or the mesh in a cluster.")
provider = typer.Typer(help="Profiles of meshes.", no_args_is_help=True)
images = typer.Typer(help="The container images that the suite brings to clusters.", no_args_is_help=True)
app.add_typer(mesh, name="mesh")
app.add_typer(images, name="images")
app.add_typer(provider, name="provider")


@mesh.callback(invoke_without_command=True)
def demo(
    context: typer.Context,
    fault: Annotated[list[str] | None, typer.Option(help="Break the mesh so; repeatable.")] = None,
) -> None:
    """Run sample workloads on the reference mesh until Ctrl-C, to call through it by hand.

    With a command, see to the reference mesh in the cluster of a kubeconfig instead.
    """
    if context.invoked_subcommand is not None:
        return
    from conformance.runner import demo  # late: it brings cluster and mesh along

    stop = threading.Event()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: stop.set())
    demo.serve(typer.echo, stop, tuple(fault or ()))


@mesh.command()
def install(  # noqa: PLR0913, PLR0917  # a command line's options are its arguments
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    registry: Registry = "",
    image_base: ImageBase = None,
    replicas: Annotated[int, typer.Option(help="Of the control plane.")] = 1,
    metrics_window: Annotated[float, typer.Option(help="What figures of metrics cover, in seconds.")] = 30,
    metrics_source: Annotated[
        tuple[str, str] | None,
        typer.Option(
            help="Have metrics from a Prometheus that scrapes the sidecars. Default: from the sidecars.",
            metavar="prometheus URL",
        ),
    ] = None,
) -> None:
    """Install the reference mesh in a cluster, or bring it up to date."""
    options = _options(kubeconfig, context, registry, image_base)
    clusters.install_mesh(options, replicas, metrics_window, metrics_source, typer.echo)


@mesh.command()
def status(kubeconfig: Kubeconfig = None, context: Context = None) -> None:
    """Say how the reference mesh in a cluster is."""
    typer.echo(clusters.mesh_status(_options(kubeconfig, context)))


@mesh.command()
def uninstall(
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    with_objects: Annotated[  # noqa: FBT002  # a flag, as the command line has it
        bool, typer.Option("--with-objects", help="Remove the SMI objects of other people, too.")
    ] = False,
) -> None:
    """Remove the reference mesh from a cluster, with all that belongs to it."""
    clusters.uninstall_mesh(_options(kubeconfig, context), typer.echo, with_objects=with_objects)


@images.command("list")
def list_images(registry: Registry = "", image_base: ImageBase = None) -> None:
    """Name the images, complete with tag."""
    typer.echo("\n".join(clusters.images(registry, image_base)))


@images.command()
def save(
    file: Annotated[Path, typer.Argument(help="The archive; it is replaced.")],
    registry: Registry = "",
    image_base: ImageBase = None,
) -> None:
    """Build the images and write them into one file, for nodes that reach no registry."""
    typer.echo("\n".join(clusters.save_images(file, registry, image_base, _say)))


@images.command()
def rename(
    registry: Annotated[str, typer.Argument(help="Such as registry.example/team.")],
    image_base: ImageBase = None,
) -> None:
    """Build the images under the names that they have in a registry, to be pushed there."""
    typer.echo("\n".join(clusters.rename_images(registry, image_base, _say)))


@images.command()
def contexts(
    directory: Annotated[Path, typer.Argument(help="Where to; made when it is missing.")],
    image_base: ImageBase = None,
) -> None:
    """Write Dockerfiles and wheels for several kinds of machine, for a builder that knows them all."""
    typer.echo("\n".join(clusters.image_contexts(directory, image_base, _say)))


@provider.command("list")
def list_providers() -> None:
    """List the meshes that there are profiles of."""
    typer.echo(list_profiles())


@provider.command("init")
def init_provider(
    name: Annotated[str, typer.Argument(help="What to call the mesh; its file is <name>.yaml.")] = "my-mesh",
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Write a first profile, with comments, for the mesh in a cluster. Changes nothing there."""
    typer.echo(clusters.draft(_options(kubeconfig, context), name))


def main() -> None:
    """Run the command; a mistake is told in words, with exit code 4 (the caller's) or 3 (the machine's)."""
    try:
        app()
    except ConformanceError as error:
        typer.echo(error, err=True)
        sys.exit(4 if isinstance(error, UsageError | ScenarioError) else 3)


def _say(words: str) -> None:
    """Tell what is going on, beside what a command answers."""
    typer.echo(words, err=True)


def _options(
    kubeconfig: Path | None, context: str | None, registry: str = "", image_base: str | None = None
) -> KubernetesOptions:
    return KubernetesOptions(kubeconfig=kubeconfig, context=context, registry=registry, image_base=image_base)


def _tell(lines: Callable[[], str]) -> None:
    typer.echo(lines())
