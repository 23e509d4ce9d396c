"""The command ``smi-conformance``: run the scenarios, list them, explain them, look at the sample world."""

import signal
import sys
import threading
from collections.abc import Callable
from typing import Annotated

import typer

from conformance.command.catalogue import explain_id, list_scenarios
from conformance.command.running import run_scenarios
from conformance.errors import ConformanceError, ScenarioError, UsageError

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
def mesh(
    fault: Annotated[list[str] | None, typer.Option(help="Break the mesh so; repeatable.")] = None,
) -> None:
    """Run sample workloads on the reference mesh until Ctrl-C, to call through it by hand."""
    from conformance.runner import demo  # late: it brings cluster and mesh along

    stop = threading.Event()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: stop.set())
    demo.serve(typer.echo, stop, tuple(fault or ()))


@app.command()
def clean() -> None:
    """Remove what interrupted runs have left behind."""
    from conformance.cluster.embedded import sweep_leftovers  # late, likewise

    typer.echo("\n".join(sweep_leftovers() or ["nothing was left behind"]))


def main() -> None:
    """Run the command; a mistake is told in words, with exit code 4 (the caller's) or 3 (the machine's)."""
    try:
        app()
    except ConformanceError as error:
        typer.echo(error, err=True)
        sys.exit(4 if isinstance(error, UsageError | ScenarioError) else 3)


def _tell(lines: Callable[[], str]) -> None:
    typer.echo(lines())
