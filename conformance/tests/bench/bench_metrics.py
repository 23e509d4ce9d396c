"""How fast the reference mesh's metrics API answers in a large mesh, and what looking at sidecars costs.

Run as a program: ``python -m conformance.tests.bench.bench_metrics [pods peers sidecars]``. Prints text; it ends
with 1 when an answer took longer than 100 ms.
"""

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from conformance.kubemesh.metering.wire import decode_sample, encode_sample
from conformance.refmesh.metrics import (
    History,
    MetricsApi,
    MetricsRequest,
    Round,
    Sample,
    Sampled,
    Sampler,
    read_inventory,
)
from conformance.refmesh.metrics.asking import ROOT
from conformance.refmesh.metrics.reading import Series
from conformance.tests.doubles.local_mesh import LocalMesh, a_grant, some_routes, wait_until

NAMESPACE = {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "here"}}
LIMIT = 100.0  # milliseconds
ROUNDS = 31
WINDOW = timedelta(seconds=30)
BINS = [(1000.0 * number, 1000.0 * (number + 1)) for number in range(1, 21)]


def main(arguments: Sequence[str]) -> int:
    """Measure answers and looks, and print one line for each."""
    pods, peers, sidecars = [int(one) for one in arguments] if arguments else (1000, 10, 14)
    before = memory()
    api, history = synthetic(pods, peers)
    say(f"{pods} pods, {pods * peers} edges, {ROUNDS} rounds: {memory() - before:.0f} MiB")
    questions = {
        "list of pods": "/namespaces/here/pods",
        "one pod": "/namespaces/here/pods/pod-7",
        "edges of a pod": "/namespaces/here/pods/pod-7/edges",
        "namespace": "/namespaces/here",
    }
    slowest = max(answering(what, api, history, path) for what, path in questions.items())
    told(history)
    looking(sidecars)
    return 0 if slowest <= LIMIT else 1


def synthetic(pods: int, peers: int) -> tuple[MetricsApi, History]:
    """Make an API over counters that nobody counted: each pod calls *peers* others."""
    inventory = read_inventory([NAMESPACE, *(a_pod(number) for number in range(pods))])
    history = History(WINDOW)
    series = {f"here/pod-{one}": series_of(one, pods, peers) for one in range(pods)}
    began = datetime.now(UTC)
    for number in range(ROUNDS):
        history.take(a_round(began + timedelta(seconds=number), number, series))
    return MetricsApi(Sampled(history), lambda: inventory, lambda _: True), history


def a_round(at: datetime, number: int, series: Mapping[str, Sequence[Series]]) -> Round:
    """Write what every sidecar has counted by then."""
    samples = {
        pod: Sample(
            uptime=timedelta(hours=1),
            counts={
                one: dict.fromkeys(BINS[index % 16 : index % 16 + 4], 1 + number)
                for index, one in enumerate(some)
            },
        )
        for pod, some in series.items()
    }
    return Round(at=at, samples=samples)


def a_pod(number: int) -> Mapping[str, Any]:
    """Write a pod with an address and an account of its own."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": "here", "name": f"pod-{number}", "labels": {"app": f"app-{number % 50}"}},
        "spec": {"serviceAccountName": f"account-{number}", "nodeName": f"node-{number % 20}"},
        "status": {"podIP": address(number)},
    }


def address(number: int) -> str:
    """Give a pod's address."""
    return f"10.{number // 65536}.{number // 256 % 256}.{number % 256}"


def series_of(number: int, pods: int, peers: int) -> list[Series]:
    """List what a pod's sidecar counts: as a client of the next *peers* pods, and as a server of the last ones."""
    key = f"here/pod-{number}"
    sent = [
        Series(
            key,
            "client",
            "127.0.0.1",
            "",
            "service|here/s|80",
            f"{address((number + step) % pods)}:80",
            "service|here/s|80",
            "200",
            "-",
        )
        for step in range(1, peers + 1)
    ]
    callers = [(number - step) % pods for step in range(1, peers + 1)]
    got = [
        Series(
            key,
            "server",
            address(one),
            f"spiffe://cluster.local/ns/here/sa/account-{one}",
            "inbound|80",
            "127.0.0.1:80",
            "application|80",
            "200",
            "-",
        )
        for one in callers
    ]
    return sent + got


def answering(what: str, api: MetricsApi, history: History, path: str) -> float:
    """Ask again and again, each time with a new round, and print how long it took; give the median."""
    times: list[float] = []
    taking: list[float] = []
    for _ in range(9):
        renew(history)
        started = time.process_time()
        api.prepare()
        taking.append((time.process_time() - started) * 1000)
        started = time.process_time()
        answer = api.answer(MetricsRequest(method="GET", path=ROOT + path))
        json.dumps(answer.body)
        times.append((time.process_time() - started) * 1000)
        assert answer.status == 200, answer.body  # OK
    say(
        f"{what}: median {statistics.median(times):.1f} ms of the processor, worst {max(times):.1f} ms; "
        f"{statistics.median(taking):.1f} ms before anybody asked"
    )
    return statistics.median(times)


def renew(history: History) -> None:
    """Take one more round, in which every series has grown."""
    last = history._rounds[-1]
    grown = {
        pod: Sample(
            uptime=one.uptime,
            counts={
                series: {where: count + 1 for where, count in bins.items()}
                for series, bins in one.counts.items()
            },
        )
        for pod, one in last.samples.items()
    }
    history.take(Round(at=last.at + timedelta(seconds=1), samples=grown))


def told(history: History) -> None:
    """Measure what it costs the metrics server of a cluster to hear all sidecars once, when every count has grown."""
    before = history._rounds[-1].samples
    renew(history)
    after = history._rounds[-1].samples
    messages = {pod: encode_sample(1, before[pod], after[pod]) for pod in after}
    started = time.process_time()
    for pod, text in messages.items():
        decode_sample(text, pod, before[pod])
    spent = (time.process_time() - started) * 1000
    size = sum(map(len, messages.values())) / 1e6
    say(f"what {len(messages)} sidecars tell in one look: {spent:.0f} ms of the processor, {size:.1f} MB")


def looking(sidecars: int) -> None:
    """Measure what a look at real sidecars costs us, and the sidecars."""
    names = [f"w{number}" for number in range(1, sidecars + 1)]
    with LocalMesh(names) as mesh:
        mesh.apply(*(a_grant("w1", one) for one in names[1:]), some_routes())
        wait_until(mesh.is_current, "every sidecar has taken over everything")
        for name in names[1:]:
            for _ in range(20):
                mesh.call("w1", name)
        pages = {f"here/{name}-0": mesh.app_address(name) for name in names}
        sampler = Sampler(History(WINDOW), lambda: pages, timedelta(seconds=1))
        sampler._look()
        looks, envoy, ours = 40, envoy_seconds(mesh), time.process_time()
        for _ in range(looks):
            sampler._look()
        ours, envoy = time.process_time() - ours, envoy_seconds(mesh) - envoy
        sampler.close()
    say(
        f"a look at {sidecars} sidecars: {ours / looks * 1000:.1f} ms here, {envoy / looks * 1000:.1f} ms in them all"
    )


def envoy_seconds(mesh: LocalMesh) -> float:
    """Add up the processor time of the mesh's sidecars."""
    return sum(seconds_of(one) for one in Path("/proc").glob("[0-9]*") if is_sidecar(one, mesh))


def is_sidecar(process: Path, mesh: LocalMesh) -> bool:
    """Say whether a process is one of the mesh's sidecars."""
    return attempt(
        lambda: str(mesh.pod_directory("w").parent) in (process / "cmdline").read_text(), default=False
    )


def seconds_of(process: Path) -> float:
    """Give the processor time of a process."""
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def attempt(look: Callable[[], bool], *, default: bool) -> bool:
    """Look at a process that may be gone by now."""
    try:
        return look()
    except OSError:
        return default


def memory() -> float:
    """Give the most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def say(text: str) -> None:
    """Print one line."""
    print(text)  # noqa: T201 - a program for people


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
