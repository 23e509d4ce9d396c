"""What the command ``top`` does once it is clear what was asked for: read, and show it in one of three manners."""

import json
import time
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, StrEnum, auto

import typer

from conformance.errors import ConformanceError
from conformance.runner.settings import KubernetesOptions
from conformance.top.document import document
from conformance.top.figures import Figures
from conformance.top.layout import Layout, Order, plain_lines
from conformance.top.source import MetricsApi, Question, Reading

_PATIENCE = timedelta(seconds=3)
"""How long a silent API server is waited for. A guess: somebody is looking on."""


class Manner(Enum):
    """How often, and where."""

    ONCE = auto()
    AGAIN = auto()
    """One table, or one JSON object, after the other."""
    LIVE = auto()
    """In place, on a terminal."""


class Output(StrEnum):
    """What is written."""

    TABLE = "table"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked for, in the person's words."""

    words: tuple[str, ...]
    """A kind, and a name if one object is meant."""
    namespace: str | None
    """None means the one of the kubeconfig's context."""
    everywhere: bool
    selector: str
    edges: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How it is to be shown."""

    manner: Manner
    interval: timedelta
    output: Output
    order: Order


def show(options: KubernetesOptions, asked: Asked, way: Way) -> None:
    """Read the metrics of a cluster, and show them until that is done or somebody presses Ctrl-C.

    Raises:
        UsageError: There is no such cluster, kind or object.
        EnvironmentBrokenError: The cluster serves no metrics, does not answer, or does not let this account read.
    """
    from conformance.cluster.kubernetes import connect, place  # late: they bring Kubernetes' client along
    from conformance.cluster.kubernetes.view import KubernetesView

    here = place(options.kubeconfig, options.context)
    with connect(options.kubeconfig, options.context) as api:
        metrics = MetricsApi(KubernetesView(api, here.context, _PATIENCE))
        shower = _Shower(metrics, question_for(metrics, asked, here.namespace), way)
        if way.manner is Manner.LIVE:
            shower.live(f"cluster {here.context}")
        else:
            shower.written()


def question_for(metrics: MetricsApi, asked: Asked, namespace: str) -> Question:
    """Make of what was asked for what the API understands; *namespace* is where somebody works.

    Raises:
        UsageError: No such kind is served.
    """
    kind, name = (*asked.words, "")[:2]
    resource = metrics.resource(kind)
    is_inside = resource.namespaced and not asked.everywhere
    return Question(
        resource=resource,
        namespace=(asked.namespace or namespace) if is_inside else "",
        name=name,
        selector=asked.selector,
        edges=asked.edges,
    )


class _Shower:
    """One question, asked as often as it takes."""

    def __init__(self, metrics: MetricsApi, question: Question, way: Way) -> None:
        self._metrics = metrics
        self._question = question
        self._way = way

    def live(self, where: str) -> None:
        from rich.console import Console  # late: only this manner needs it

        from conformance.top.screen import Screen

        title = f"{self._question}, {self._metrics.version}, {where}, every {self._way.interval.total_seconds():g} s"
        screen = Screen(title=title, interval=self._way.interval, lay_out=self._laid_out)
        screen.run(self._read, Console(highlight=False))

    def written(self) -> None:
        self._write(self._read())
        while self._way.manner is Manner.AGAIN:
            try:
                time.sleep(self._way.interval.total_seconds())
                self._write(self._read(), before="\n")
            except KeyboardInterrupt:
                return
            except ConformanceError as error:
                typer.echo(error, err=True)

    def _read(self) -> Reading:
        return self._metrics.read(self._question)

    def _write(self, reading: Reading, before: str = "") -> None:
        layout = self._laid_out(reading.figures)
        if self._way.output is Output.JSON:
            typer.echo(json.dumps(document(reading, layout.rows, self._metrics.version)))
        elif layout.rows:
            typer.echo(before + "\n".join(plain_lines(layout)))
        else:
            typer.echo(f"no {self._question}", err=True)

    def _laid_out(self, figures: tuple[Figures, ...]) -> Layout:
        question = self._question
        several = question.resource.namespaced and not question.namespace
        return Layout.of(figures, with_namespace=several, edges=question.edges, order=self._way.order)
