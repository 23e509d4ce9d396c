"""How long a change of policy takes in a cluster, from the request to the API server to the first call that feels it.

Run as a program: ``python -m conformance.tests.kubemesh.bench_on_kind KUBECONFIG NAMESPACE [changes]``, on a cluster
with the reference mesh and, in an enrolled namespace, the sample workloads ``client-a``, ``client-b`` and ``shop``.
Prints text; nothing is asserted, since times depend on the machine.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from conformance.cluster.kubernetes import connect
from conformance.kubemesh.rest import Rest

_SPACING = 0.3  # seconds from one change to the next
_CALLER = """
import http.client, sys, time
end = time.time() + float(sys.argv[2])
connection = http.client.HTTPConnection(sys.argv[1], 8080, timeout=4)
while time.time() < end:
    connection.request("GET", "/")
    answer = connection.getresponse()
    answer.read()
    print(f"{time.time():.4f} {answer.status}")
    time.sleep(0.003)
"""

Seen = list[tuple[float, str]]
"""When a call ended, as the machine's clock has it, and its status."""


def main(arguments: Sequence[str]) -> None:
    """Let two clients in by turns, and print how long the first of them did not notice."""
    kubeconfig, namespace, *rest = arguments
    changes = int(rest[0]) if rest else 100
    api = Rest(connect(Path(kubeconfig), None))
    _apply(api, namespace, "client-a")
    calls = _calling(kubeconfig, namespace, changes * _SPACING + 5)
    time.sleep(3)
    made = list(_change(api, namespace, changes))
    output, _ = calls.communicate()
    seen = [(float(when), status) for when, status in (line.split() for line in output.splitlines())]
    _say("from the request", [_noticed(seen, begun, wanted) - begun for begun, _, wanted in made])
    _say("from the answer", [_noticed(seen, begun, wanted) - ended for begun, ended, wanted in made])


def _change(api: Rest, namespace: str, changes: int) -> Iterator[tuple[float, float, str]]:
    for number in range(changes):
        begun = time.time()
        _apply(api, namespace, "client-a" if number % 2 else "client-b")
        yield begun, time.time(), "200" if number % 2 else "403"
        time.sleep(max(0.0, _SPACING - (time.time() - begun)))


def _noticed(seen: Seen, begun: float, wanted: str) -> float:
    return next(when for when, status in seen if when > begun and status == wanted)


def _apply(api: Rest, namespace: str, source: str) -> None:
    party = {"kind": "ServiceAccount", "namespace": namespace}
    body = {
        "apiVersion": "access.smi-spec.io/v1alpha3",
        "kind": "TrafficTarget",
        "metadata": {"name": "bench", "namespace": namespace},
        "spec": {
            "destination": {**party, "name": "shop"},
            "sources": [{**party, "name": source}],
            "rules": [{"kind": "HTTPRouteGroup", "name": "bench"}],
        },
    }
    routes = {
        "apiVersion": "specs.smi-spec.io/v1alpha4",
        "kind": "HTTPRouteGroup",
        "metadata": {"name": "bench", "namespace": namespace},
        "spec": {"matches": [{"name": "all", "pathRegex": ".*", "methods": ["*"]}]},
    }
    if api.find(f"/apis/specs.smi-spec.io/v1alpha4/namespaces/{namespace}/httproutegroups/bench") is None:
        api.apply(f"/apis/specs.smi-spec.io/v1alpha4/namespaces/{namespace}/httproutegroups/bench", routes)
    api.apply(f"/apis/access.smi-spec.io/v1alpha3/namespaces/{namespace}/traffictargets/bench", body)


def _calling(kubeconfig: str, namespace: str, seconds: float) -> "subprocess.Popen[str]":
    where = ("kubectl", f"--kubeconfig={kubeconfig}", f"--namespace={namespace}", "exec", "deploy/client-a")
    program = ("-c", "probe", "--", "python", "-c", _CALLER, f"shop.{namespace}", str(seconds))
    return subprocess.Popen([*where, *program], stdout=subprocess.PIPE, text=True)


def _say(what: str, seconds: Sequence[float]) -> None:
    times = [1000 * one for one in seconds]
    high = statistics.quantiles(times, n=100)[-1]
    print(f"{what}: median {statistics.median(times):.1f} ms, p99 {high:.1f} ms, worst {max(times):.1f} ms")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
