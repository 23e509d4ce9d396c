"""The command ``top``: the traffic metrics of a mesh, once or again and again, for people and for programs."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import typer

from conformance.command.clusters import Context, Kubeconfig
from conformance.command.showing import Asked, Manner, Output, Way, show
from conformance.errors import UsageError
from conformance.runner.settings import KubernetesOptions
from conformance.top.layout import Order

_MOST_WORDS = 2


def top(
    what: Annotated[
        list[str] | None,
        typer.Argument(help="pods, deployments, namespaces, trafficsplits, ..., and a name: pods shop-0."),
    ] = None,
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="Default: that of the kubeconfig's context.")
    ] = None,
    everywhere: Annotated[bool, typer.Option("--all-namespaces", "-A", help="In every namespace.")] = False,
    selector: Annotated[str, typer.Option("--selector", "-l", help="Only objects with these labels.")] = "",
    edges: Annotated[
        bool, typer.Option("--edges", help="Whom they talk to, one line for each peer.")
    ] = False,
    sort: Annotated[Order, typer.Option(help="What comes first.")] = Order.CALLS,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Go on; on a terminal that is the default.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Show it once, as plain text.")] = False,
    interval: Annotated[float, typer.Option(min=0.2, help="Between two looks. Unit: s.")] = 2.0,
    output: Annotated[Output, typer.Option("--output", "-o", help="json: one object a line.")] = Output.TABLE,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Show success, calls per second and latencies, from any mesh that serves SMI's traffic metrics.

    On a terminal the table stays and follows the traffic until Ctrl-C; elsewhere it is written once. A question
    mark is what the mesh does not tell. Deployments are shown if nothing else is named.
    """
    if once and watch:
        raise UsageError(
            "once and again and again cannot both be", "options --once, --watch", "leave one out"
        )
    words = _words(what or ["deployments"])
    if everywhere and namespace:
        raise UsageError(
            "every namespace and one namespace cannot both be",
            "options --all-namespaces, --namespace",
            "leave one out",
        )
    if len(words) == _MOST_WORDS and (everywhere or selector):
        raise UsageError(
            "what is named needs neither labels nor all namespaces",
            f"{' '.join(words)} with --selector or --all-namespaces",
            "leave the name out, or the option",
        )
    is_live = sys.stdout.isatty() and not once and output is Output.TABLE
    manner = Manner.LIVE if is_live else Manner.AGAIN if watch else Manner.ONCE
    asked = Asked(words=words, namespace=namespace, everywhere=everywhere, selector=selector, edges=edges)
    way = Way(manner=manner, interval=timedelta(seconds=interval), output=output, order=sort)
    show(KubernetesOptions(kubeconfig=kubeconfig, context=context), asked, way)


def _words(what: Sequence[str]) -> tuple[str, ...]:
    """Give the kind, and the name where there is one: ``pods shop-0`` or ``pods/shop-0``."""
    words = tuple(what[0].split("/", 1)) if len(what) == 1 else tuple(what)
    if len(words) > _MOST_WORDS or not all(words) or any("/" in word for word in words):
        raise UsageError(f"it is not clear what {' '.join(what)!r} is", "command top", "say: top pods shop-0")
    return words
