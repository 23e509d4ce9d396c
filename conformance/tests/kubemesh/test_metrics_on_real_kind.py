"""Traffic Metrics behind a real API server: what traffic shows, who may see it, and what a restart leaves unsaid."""

import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from conformance.kubemesh import set_faults, status
from conformance.kubemesh.rest import ApiRefusedError
from conformance.tests.kubemesh.real_mesh import (
    CLIENT_A,
    CLIENT_B,
    HERE,
    OUTSIDE,
    WINDOW,
    ask,
    comes_to,
    run_in,
    until,
)

pytestmark = pytest.mark.kind

ROOT = "/apis/metrics.smi-spec.io/v1alpha1"
PODS = f"{ROOT}/namespaces/{HERE}/pods"
SERVER = "/api/v1/namespaces/smi-reference-mesh/pods"


def counts(item):
    told = {one["name"]: one["value"] for one in item["metrics"]}
    return int(told["success_count"]), int(told["failure_count"])


def figures(place, workload):
    """Read the one pod of a workload."""
    return next(one for one in place.rest.get(PODS)["items"] if one["resource"]["name"].startswith(workload))


def quiet(place):
    """Wait until all earlier traffic has left the window; the last regular look tells nothing of just now."""
    now = datetime.now(UTC)
    until(lambda: all(is_idle(one, now) for one in place.rest.get(PODS)["items"]), "nothing is in the window")


def is_idle(item, since):
    looked = datetime.fromisoformat(item["timestamp"])
    return counts(item) == (0, 0) and window_of(item) >= WINDOW.total_seconds() and looked >= since


def window_of(item):
    return float(item["window"].removesuffix("s"))


def edges(place, workload):
    name = figures(place, workload)["resource"]["name"]
    items = place.rest.get(f"{PODS}/{name}/edges")["items"]
    return {
        (
            one["edge"]["direction"],
            one["edge"]["side"],
            one["edge"]["resource"]["name"].rsplit("-", 2)[0],
        ): counts(one)
        for one in items
    }


def test_api_server_knows_what_is_served(cluster, place):
    """As a client that speaks nothing but discovery finds it: available, current, and all eleven resources."""
    found = place.rest.get("/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.metrics.smi-spec.io")
    assert [(one["type"], one["status"]) for one in found["status"]["conditions"]] == [("Available", "True")]
    assert len(place.rest.get(ROOT)["resources"]) == 11
    group = place.rest.get("/apis/metrics.smi-spec.io")
    assert [one["groupVersion"] for one in group["versions"]] == ["metrics.smi-spec.io/v1alpha1"]
    until(lambda: "trafficsplits" in api_resources(place), "kubectl api-resources shows it", 90)


def api_resources(place):
    import subprocess

    where = ("kubectl", f"--kubeconfig={place.kubeconfig}", f"--context={place.context}")
    command = (*where, "api-resources", "--api-group=metrics.smi-spec.io", "--cached=false", "--no-headers")
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout


def test_figures_are_the_calls_that_were_made(cluster, place):
    """Thirty let in and seven refused, from both ends, as pods, as their Deployment, and as the namespace."""
    quiet(place)
    assert ask(cluster, CLIENT_A, count=30) == 200
    assert ask(cluster, CLIENT_B, count=7) == 403
    comes_to(lambda: counts(figures(place, "shop")), (30, 7))
    assert edges(place, "shop") == {
        ("from", "server", "client-a"): (30, 0),
        ("from", "server", "client-b"): (0, 7),
    }
    assert edges(place, "client-a") == {("to", "client", "shop"): (30, 0)}
    deployments = place.rest.get(f"{ROOT}/namespaces/{HERE}/deployments")["items"]
    assert {one["resource"]["name"]: counts(one) for one in deployments}["shop"] == (30, 7)
    assert counts(place.rest.get(f"{ROOT}/namespaces/{HERE}")) == (30, 7)
    quiet(place)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", f"{PODS}/nobody", 404),
        ("post", PODS, 405),
        ("patch", f"{PODS}/nobody", 405),
        ("get", f"{ROOT}/secrets", 404),
    ],
)
def test_refusals_come_through_as_kubernetes_has_them(cluster, place, method, path, status):
    """A Status, with its code."""
    with pytest.raises(ApiRefusedError) as refused:
        getattr(place.rest, method)(path, *(({},) if method != "get" else ()))
    assert refused.value.status == status


def test_account_sees_what_it_was_granted_and_no_more(cluster, place):
    """RBAC decides, on the resource, its edges, and the namespace; a grant shows at once."""
    token = token_of(place, "client-b")
    other = f"{ROOT}/namespaces/{OUTSIDE}/pods"
    pod = figures(place, "shop")["resource"]["name"]
    assert read_as(place, token, PODS) == 403
    with granted_to(place, "client-b", ["pods"]):
        until(lambda: read_as(place, token, PODS) == 200, "the grant shows", 5)
        assert [read_as(place, token, one) for one in (f"{PODS}/{pod}/edges", other, f"{ROOT}/pods")] == [
            403
        ] * 3
    until(lambda: read_as(place, token, PODS) == 403, "what was taken back is gone", 10)


def token_of(place, account):
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    path = f"/api/v1/namespaces/{HERE}/serviceaccounts/{account}/token"
    return place.rest.post(path, body)["status"]["token"]


def read_as(place, token, path):
    import urllib3

    configuration = place.api.configuration
    pool = urllib3.PoolManager(ca_certs=configuration.ssl_ca_cert)
    headers = {"Authorization": f"Bearer {token}"}
    return pool.request("GET", f"{configuration.host}{path}", headers=headers, retries=False).status


@contextmanager
def granted_to(place, account, resources):
    base = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{HERE}"
    kind = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "reader", "namespace": HERE}}
    rule = {"apiGroups": ["metrics.smi-spec.io"], "resources": resources, "verbs": ["get", "list"]}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    subject = {"kind": "ServiceAccount", "name": account, "namespace": HERE}
    place.rest.post(f"{base}/roles", {**kind, "kind": "Role", "rules": [rule]})
    place.rest.post(
        f"{base}/rolebindings", {**kind, "kind": "RoleBinding", "roleRef": role, "subjects": [subject]}
    )
    yield
    place.rest.delete(f"{base}/rolebindings/reader")
    place.rest.delete(f"{base}/roles/reader")


def test_forged_headers_are_not_believed(cluster, place):
    """A pod reaches the metrics server as the API server does, but cannot prove to be it."""
    program = (
        "import urllib.request as u, urllib.error as e, ssl\n"
        "c = ssl._create_unverified_context()\n"
        f"url = 'https://metrics.smi-reference-mesh.svc{PODS}'\n"
        "h = {'X-Remote-User': 'admin', 'X-Remote-Group': 'system:masters'}\n"
        "try: print(u.urlopen(u.Request(url, headers=h), context=c, timeout=10).status)\n"
        "except e.HTTPError as error: print(error.code)"
    )
    assert run_in(place, OUTSIDE, "deploy/outsider", "probe", program) == "401"


def test_fault_of_the_metrics_holds_when_setting_it_returns(cluster, place):
    """And is gone when that is taken back."""
    set_faults(place.api, ("metrics-doubled-counts",))
    assert "metrics-doubled-counts" in status(place.api)
    quiet(place)
    assert ask(cluster, CLIENT_A, count=10) == 200
    comes_to(lambda: counts(figures(place, "shop")), (20, 0))
    set_faults(place.api, ())
    assert counts(figures(place, "shop")) == (10, 0)


def test_restart_leaves_a_gap_and_tells_no_lie(cluster, place):
    """Traffic flows all the time: no answer says that there was none, and none is of more than what was seen."""
    stop = threading.Event()
    flowing = threading.Thread(target=keep_calling, args=(cluster, stop))
    flowing.start()
    try:
        until(lambda: counts(figures(place, "shop"))[0] > 0, "calls show")
        (old,) = servers(place)
        place.rest.delete(f"{SERVER}/{old}")
        seen = answers(place, seconds=20)
    finally:
        stop.set()
        flowing.join()
    assert seen[-1][0] == 200, seen[-1]
    assert servers(place) != [old]
    empty = [(window, count) for code, window, count in seen if code == 200 and window > 1 and count == 0]
    assert not empty
    after = [window for code, window, _ in seen if code == 200]
    # Where the new server is reached late, it has seen a whole window by then, and the gap is one of answers.
    was_short = min(after) < WINDOW.total_seconds()
    assert was_short or any(code != 200 for code, _, _ in seen)
    assert after[-1] >= WINDOW.total_seconds()


def keep_calling(cluster, stop):
    while not stop.is_set():
        ask(cluster, CLIENT_A, count=5)
        time.sleep(0.1)


def servers(place):
    listed = place.rest.get(SERVER, labelSelector="app=metrics")["items"]
    return [one["metadata"]["name"] for one in listed if "deletionTimestamp" not in one["metadata"]]


def answers(place, seconds):
    """Ask again and again; give status, window and successes of each answer."""
    seen, deadline = [], time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            item = figures(place, "shop")
            seen.append((200, window_of(item), counts(item)[0]))
        except ApiRefusedError as refusal:
            seen.append((refusal.status, 0.0, 0))
        time.sleep(0.1)
    return seen


def test_status_tells_of_the_metrics(cluster, place):
    """Where figures come from, and which sidecars do not tell."""
    until(
        lambda: "figures are served, of 4 s, from 3 sidecars; faults: none" in status(place.api), "all tell"
    )
    assert "does not tell" not in status(place.api)
