"""One finding per reading and aspect."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from conformance.judge.metrics import answers, counting, discovery, edges, figures, following
from conformance.judge.metrics.case import Case, Remark
from conformance.judge.metrics.rules import MetricsRules, Times
from conformance.judge.verdicts import worst
from conformance.model.measuring import Aspect
from conformance.model.metrics import ReadOnce
from conformance.model.verdict import Finding, Verdict

_SHOWN = 3
"""How many remarks of one aspect are told."""

_QUESTIONS: Mapping[Aspect, Callable[[Case], Iterator[Remark]]] = {
    Aspect.STATUS: answers.status,
    Aspect.REFUSAL: answers.refusal,
    Aspect.SHAPE: answers.shape,
    Aspect.NAMES: answers.names,
    Aspect.COUNTS: counting.counts,
    Aspect.ORDER: figures.order,
    Aspect.LATENCY: figures.latency,
    Aspect.WINDOW: answers.window,
    Aspect.TRAIL: following.trail,
    Aspect.IDLE: figures.idle,
    Aspect.PERSPECTIVE: answers.perspective,
    Aspect.RESOURCE: answers.resource,
    Aspect.MEMBERS: answers.members,
    Aspect.SELECTOR: answers.selector,
    Aspect.PEERS: edges.peers,
    Aspect.DIRECTION: edges.direction,
    Aspect.SIDE: edges.side,
    Aspect.KINDS: edges.kinds,
    Aspect.SUM: figures.total,
    Aspect.ENDS: figures.ends,
    Aspect.BACKENDS: edges.backends,
    Aspect.ENTRIES: discovery.entries,
    Aspect.SERVED: discovery.served,
    Aspect.FULL_SET: discovery.full_set,
    Aspect.REGISTERED: discovery.registered,
}

_SUMMARIES: Mapping[Aspect, str] = {
    Aspect.STATUS: "the right status",
    Aspect.REFUSAL: "a refusal as Kubernetes writes it",
    Aspect.SHAPE: "the form of the document, about whom was asked",
    Aspect.NAMES: "all five metrics",
    Aspect.COUNTS: "the calls that both ends saw in the window",
    Aspect.ORDER: "percentiles that do not fall, and nothing below 0",
    Aspect.LATENCY: "the response times that both ends saw",
    Aspect.WINDOW: "a window that ends now",
    Aspect.TRAIL: "counts that leave with the window that is said",
    Aspect.IDLE: "zeros, or nothing, where there was no traffic",
    Aspect.PERSPECTIVE: "what the resource receives",
    Aspect.RESOURCE: "a list that says what it is of",
    Aspect.MEMBERS: "every object that belongs there, once",
    Aspect.SELECTOR: "the selector in the list",
    Aspect.PEERS: "edges to all who exchanged traffic, and to nobody else",
    Aspect.DIRECTION: "directions as they are read from the resource",
    Aspect.SIDE: "the side at which each edge was measured",
    Aspect.KINDS: "peers of the resource's own kind",
    Aspect.SUM: "parts that add up",
    Aspect.ENDS: "the same figures at both ends of an edge",
    Aspect.BACKENDS: "one item per backend",
    Aspect.ENTRIES: "each resource with its kind, scope and verbs",
    Aspect.SERVED: "all that is listed is served, and nothing else",
    Aspect.FULL_SET: "all eleven resources",
    Aspect.REGISTERED: "an API behind the API server",
}

_WITHOUT_ANSWER = frozenset({Aspect.STATUS, Aspect.REFUSAL, Aspect.SERVED, Aspect.REGISTERED})
"""Aspects that a refusal says something about."""


_BOOKED = frozenset({Aspect.SUM, Aspect.ENDS, Aspect.PEERS, Aspect.DIRECTION, Aspect.IDLE})
"""Aspects in which older traffic, of which there are no books, would look like a mistake. Counts and latencies see to
that for each object."""


_COMPARED = frozenset({Aspect.LATENCY, Aspect.MEMBERS, Aspect.PEERS, Aspect.SUM, Aspect.ENDS})
"""Aspects that agree with anything where calls may lie outside of a window: what was not compared is no pass."""


def judge_readings(readings: Sequence[ReadOnce], rules: MetricsRules, times: Times) -> tuple[Finding, ...]:
    """Judge every aspect that each reading is about.

    Args:
        readings: What was asked, and what came back.
        rules: Says what is expected, from the traffic that both ends saw.
        times: What is known of the time that answers speak of.
    """
    return tuple(_findings(readings, rules, times))


def _findings(readings: Iterable[ReadOnce], rules: MetricsRules, times: Times) -> Iterator[Finding]:
    for once in readings:
        case = Case(once=once, rules=rules, times=times)
        for aspect in once.read.about:
            yield _finding(case, aspect)


def _finding(case: Case, aspect: Aspect) -> Finding:
    is_refused = case.status >= 400 and not case.read.is_refused  # noqa: PLR2004  # where refusals begin
    if is_refused and aspect not in _WITHOUT_ANSWER:
        remarks = [] if _is_spared(case, aspect) else list(answers.status(case))
    else:
        remarks = list(_QUESTIONS[aspect](case))
        if remarks and aspect in _BOOKED and (doubt := counting.doubt(case)):
            remarks = [doubt]
        elif not remarks and aspect in _COMPARED:
            remarks = list(counting.left_out(case))
    if not remarks:
        return _told(case, aspect, Verdict.PASSED, _SUMMARIES[aspect], "just that", "")
    verdict = worst(one.verdict for one in remarks)
    mine = [one for one in remarks if one.verdict is verdict]
    more = f"; and {len(mine) - _SHOWN} more" if len(mine) > _SHOWN else ""
    observed = "; ".join(one.observed for one in mine[:_SHOWN])
    return _told(case, aspect, verdict, mine[0].expected, f"{observed}{more}", mine[0].because)


def _is_spared(case: Case, aspect: Aspect) -> bool:
    """Whether an answer that is not there is right: an object without traffic may be absent."""
    return aspect is Aspect.IDLE and case.status in case.read.statuses


def _told(  # noqa: PLR0913, PLR0917  # the parts of a finding
    case: Case, aspect: Aspect, verdict: Verdict, expected: str, observed: str, because: str
) -> Finding:
    return Finding(
        verdict=verdict,
        subject=f"{aspect.value} of {case.once.main.request}",
        expected=expected,
        observed=observed,
        because=because or f"asked by the reading {case.read}",
    )
