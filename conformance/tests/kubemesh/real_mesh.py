"""The reference mesh in a kind cluster, and what tests there do: grant, call, wait, look."""

import subprocess
import time
from datetime import timedelta

from conformance.model.manifest import Manifest
from conformance.model.traffic import Call, Ending, HttpRequest, TcpRequest, TrafficPlan
from conformance.probe.messages import decode_observation, encode_send

RUN = "kubemesh"
NAMESPACES = {one: f"{one}-{RUN}" for one in ("here", "there", "outside")}
HERE, OUTSIDE = NAMESPACES["here"], NAMESPACES["outside"]
CLIENT_A, CLIENT_B, SHOP = (f"{HERE}/{one}" for one in ("client-a", "client-b", "shop"))
OUTSIDER = f"{OUTSIDE}/outsider"
WORKLOADS = (CLIENT_A, CLIENT_B, SHOP, OUTSIDER)
SHORT = timedelta(seconds=45)
"""Life of certificates, so that each is renewed several times while this file runs."""


WINDOW = timedelta(seconds=4)
"""What figures of metrics cover."""


def inventory(rest):
    """Name every object of every kind that the cluster lists, but for what comes and goes by itself."""
    passing = {"events", "leases", "endpointslices", "endpoints", "componentstatuses"}
    found = set()
    for version in ["/api/v1", *groups(rest)]:
        for kind in rest.get(version).get("resources") or ():
            if "/" not in kind["name"] and "list" in kind["verbs"] and kind["name"] not in passing:
                for one in rest.get(f"{version}/{kind['name']}").get("items") or ():
                    metadata = one["metadata"]
                    found.add((kind["name"], metadata.get("namespace", ""), metadata["name"]))
    return found


def groups(rest):
    return [f"/apis/{one['preferredVersion']['groupVersion']}" for one in rest.get("/apis")["groups"]]


def granted(*clients, path="/ok.*"):
    sources = [{"kind": "ServiceAccount", "name": one, "namespace": HERE} for one in clients]
    routes = {
        "apiVersion": "specs.smi-spec.io/v1alpha3",
        "kind": "HTTPRouteGroup",
        "metadata": {"name": "routes", "namespace": HERE},
        "spec": {"matches": [{"name": "ok", "pathRegex": path, "methods": ["GET"]}]},
    }
    target = {
        "apiVersion": "access.smi-spec.io/v1alpha2",
        "kind": "TrafficTarget",
        "metadata": {"name": "shop", "namespace": HERE},
        "spec": {
            "destination": {"kind": "ServiceAccount", "name": "shop", "namespace": HERE},
            "sources": sources,
            "rules": [{"kind": "HTTPRouteGroup", "name": "routes", "matches": ["ok"]}],
        },
    }
    return (Manifest(routes), Manifest(target))


def ask(cluster, source, host=f"shop.{HERE}", port=8080, path="/ok", *, count=1, keep_alive=False):
    """Send calls one after the other; give the status that all of them had, or how they ended otherwise."""
    request = HttpRequest(method="GET", path=path) if port in {8080, 9090} else TcpRequest()
    calls = tuple(Call(id=f"c{n}", host=host, port=port, request=request) for n in range(count))
    plan = TrafficPlan(calls=calls, keep_alive=keep_alive, timeout=timedelta(seconds=10))
    channel = cluster.channel(source)
    try:
        channel.write(encode_send(plan))
        seen = [decode_observation(one) for one in channel.read(timedelta(seconds=60))["observations"]]
    finally:
        channel.close()
    answers = {one.status if one.ending is Ending.ANSWERED and one.status else one.ending for one in seen}
    return answers.pop() if len(answers) == 1 else answers


def until(holds, what, seconds=30):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"after {seconds} s it is still not true that {what}"
        time.sleep(0.05)


def comes_to(read, wanted, seconds=3):
    """Wait until what is read is what is wanted; name all that was read instead."""
    deadline, seen = time.monotonic() + seconds, []
    while (found := read()) != wanted:
        if found not in seen:
            seen.append(found)
        assert time.monotonic() < deadline, f"after {seconds} s it is not {wanted}; it was {seen}"
        time.sleep(0.05)


def pod_address(cluster, workload):
    return next(one.address for one in cluster.pods() if one.workload == workload)


def run_in(place, namespace, pod, container, program):
    """Run a Python program in a container; give what it prints."""
    where = (
        "kubectl",
        f"--kubeconfig={place.kubeconfig}",
        f"--context={place.context}",
        f"--namespace={namespace}",
    )
    command = (*where, "exec", pod, "-c", container, "--", "python", "-c", program)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
