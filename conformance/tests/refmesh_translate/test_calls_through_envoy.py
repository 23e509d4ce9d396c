"""With real sidecars: what is translated means to Envoy what it means to SMI."""

import http.client
import socket
import threading
from collections import Counter
from contextlib import contextmanager
from itertools import count

import pytest

from conformance.tests.doubles.local_mesh import (
    HTTP_PORT,
    TCP_PORT,
    LocalMesh,
    a_grant,
    a_tcp_grant,
    some_routes,
    wait_until,
)
from conformance.tests.doubles.smi_objects import (
    a_binding,
    a_group,
    a_rule,
    a_split,
    a_target,
    an_account,
    an_entry,
)

pytestmark = pytest.mark.envoy

WORKLOADS = ("client", "other", "shop", "web", "web-v1", "web-v2")
REFERENCE = {"kind": "HTTPRouteGroup", "name": "routes"}
DENIED = 403
FRESH = count()


@pytest.fixture(scope="module")
def running():
    with LocalMesh(WORKLOADS) as mesh:
        yield mesh


@pytest.fixture
def mesh(running):
    """A mesh without any policy or fault."""
    yield running
    running.plane.set_faults([])
    running.apply()


def settle(mesh, *policy, faults=()):
    """Put *policy* in force, wait until every sidecar has taken it over, and until the shop's acts on it.

    That it acts shows by a path that is granted along with *policy*, and never was before.
    """
    known = len(mesh.plane.rejections())
    path = f"/fresh-{next(FRESH)}"
    beacon = a_target(name="beacon", sources=[an_account("client")], rules=[a_rule("beacon")])
    mesh.plane.set_faults(faults)
    mesh.apply(*policy, beacon, a_group("v1alpha4", an_entry(pathRegex=path), name="beacon"))
    wait_until(lambda: mesh.is_current() or mesh.plane.rejections()[known:], "the sidecars have the policy")
    assert mesh.plane.rejections()[known:] == ()
    wait_until(lambda: status(mesh, path) == 200, "the shop's sidecar acts on the policy")


def send(address, path="/", method="GET", times=1, **headers):
    """Send calls to the letter on one connection; give status and body of each."""
    connection = http.client.HTTPConnection(address, HTTP_PORT, timeout=5)
    answers = []
    try:
        for _ in range(times):
            connection.putrequest(method, path, skip_host="host" in headers)
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            connection.endheaders()
            answer = connection.getresponse()
            answers.append((answer.status, answer.read().decode()))
    finally:
        connection.close()
    return answers


def status(mesh, path="/", method="GET", source="client", **headers):
    return send(mesh.outbound(source, "shop"), path, method, **headers)[0][0]


def open_shop(*entries):
    return (a_target(sources=[an_account("client")]), a_group("v1alpha4", *entries))


def open_web():
    return (*(a_grant("client", name) for name in ("web", "web-v1", "web-v2")), some_routes())


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/api", "/api/v1", 200),
        ("/api", "/apix", 200),
        ("/api", "/x/api", DENIED),
        ("/api", "//api", DENIED),
        ("/api", "/no?p=/api", DENIED),
        ("/api$", "/api", 200),
        ("/api$", "/api?x=1", 200),
        ("/api$", "/api/v1", DENIED),
        ("^/api", "/api", 200),
        ("/v[12]/item", "/v2/item", 200),
        ("/v[12]/item", "/v[12]/item", DENIED),
        (".*", "/", 200),
        ("/public(/.*)?$", "/public/../admin", DENIED),
        ("/public(/.*)?$", "/admin/../public/x", 200),
        ("/public(/.*)?$", "/public/%2e%2e/admin", DENIED),
        ("/public(/.*)?$", "/public/..%2fadmin", 400),
        ("/public(/.*)?$", "/PUBLIC", DENIED),
        ("/n[0-9]{1,900}$", "/n12", 200),
        ("/a|/b", "/b", 200),
    ],
)
def test_path_is_matched_from_its_start(mesh, pattern, path, expected):
    """Anchored at the start, open at the end, without the query, on the path that the application gets."""
    settle(mesh, *open_shop(an_entry(pathRegex=pattern)))
    assert status(mesh, path) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, DENIED),
        ({"x_canary": "yes"}, 200),
        ({"X_CANARY": "yes indeed"}, 200),
        ({"x_canary": "Yes"}, DENIED),
        ({"x_canary": "oh yes"}, DENIED),
    ],
)
def test_header_pattern_covers_the_whole_value(mesh, headers, expected):
    """Names compare without regard to case, values with; an absent header never fits."""
    settle(mesh, *open_shop(an_entry(headers={"X-Canary": "yes.*"})))
    assert status(mesh, **headers) == expected


def test_host_is_a_header_like_any_other(mesh):
    """In Envoy it is a pseudo-header of another name."""
    settle(mesh, *open_shop(an_entry(headers={"host": r"shop\..*"})))
    assert status(mesh, host="shop.here") == 200
    assert status(mesh, host="web.here") == DENIED


def test_methods_are_compared_one_by_one(mesh):
    """GET brings neither HEAD nor any other with it."""
    settle(mesh, *open_shop(an_entry(methods=["GET", "PUT"])))
    assert [status(mesh, method=one) for one in ("GET", "PUT")] == [200, 200]
    assert {status(mesh, method=one) for one in ("HEAD", "POST", "DELETE", "OPTIONS", "PATCH")} == {DENIED}


def test_labelled_source_is_one_pod_of_many(mesh):
    """Pods are told apart by label, although their certificates do not carry any."""
    callers = a_binding(podLabelSelector={"matchLabels": {"app": "client"}})
    target = a_target(sources=[an_account("callers", kind="IdentityBinding")])
    settle(mesh, target, callers, a_group("v1alpha4", {"name": "all"}))
    assert (status(mesh), status(mesh, source="other")) == (200, DENIED)


def test_pattern_that_does_not_compile_keeps_nothing_up(mesh):
    """One bad entry is left out, and the next change arrives."""
    settle(mesh, *open_shop(an_entry("bad", pathRegex="/a("), an_entry("good", pathRegex="/good")))
    assert (status(mesh, "/good"), status(mesh, "/a(")) == (200, DENIED)


def test_split_is_shared_out_by_request(mesh):
    """Both backends answer on one connection, and the root's own pod does not."""
    settle(mesh, *open_web(), a_split(backends={"web-v1": 1, "web-v2": 1}, root="web"))
    web = mesh.outbound("client", "web")
    wait_until(lambda: send(web) != [(200, "web")], "the split is there")
    assert set(send(web, times=100)) == {(200, "web-v1"), (200, "web-v2")}


def test_split_selects_by_header_and_leaves_the_rest_to_the_root(mesh):
    """Who fits goes to the backends, everybody else to the root's own pod."""
    split = a_split(backends={"web-v2": 1}, root="web", matches=[REFERENCE])
    settle(mesh, *open_web(), split, a_group("v1alpha4", an_entry(headers={"user-agent": ".*Firefox.*"})))
    web = mesh.outbound("client", "web")
    wait_until(lambda: send(web, user_agent="a Firefox b") == [(200, "web-v2")], "the split is there")
    assert send(web, user_agent="Chrome") == send(web) == [(200, "web")]


def test_split_with_nowhere_to_send_to_answers_503(mesh):
    """The calls fail, and nobody answers them in the backends' place."""
    settle(mesh, *open_web(), a_split(backends={"web-v1": 0, "ghost": 1}, root="web"))
    web = mesh.outbound("client", "web")
    wait_until(lambda: send(web)[0][0] == 503, "the split is there")
    assert {found for found, _ in send(web, times=20)} == {503}


@contextmanager
def greeter(address, port):
    """Greet everybody who connects; give the list of who did."""
    seen = []
    with socket.create_server((address, port)) as server:

        def greet():
            try:
                while True:
                    connection, _ = server.accept()
                    seen.append(connection)
                    connection.sendall(b"hello\n")
            except OSError:
                return

        thread = threading.Thread(target=greet)
        thread.start()
        try:
            yield seen
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in seen:
                connection.close()


def test_server_that_speaks_first_greets_only_who_is_granted(mesh):
    """Without a grant the application does not even hear of the connection."""
    port = TCP_PORT + 1
    pods = [one for one in mesh.world() if one["metadata"]["name"] == "shop-0"]
    pods[0]["spec"]["containers"][0]["ports"].append({"name": "tcp-8301", "containerPort": port})
    services = [one for one in mesh.world() if one["metadata"]["name"] == "shop"]
    services[0]["spec"]["ports"].append({"name": "tcp-8301", "port": port})
    others = [one for one in mesh.world() if one["metadata"]["name"] not in {"shop", "shop-0"}]
    target, route = a_tcp_grant("client", "shop")
    route["spec"]["matches"]["ports"] = [port]
    with greeter(mesh.app_address("shop"), port) as seen:
        mesh.plane.replace([*others, *pods, *services, target, route])
        wait_until(lambda: greeting(mesh, "client", port) == b"hello\n", "the granted caller is greeted")
        greeted = len(seen)
        assert greeting(mesh, "other", port) == b""
        assert len(seen) == greeted


def greeting(mesh, source, port):
    """Read what comes on a new connection before anything is sent; empty when it is cut."""
    try:
        with socket.create_connection((mesh.outbound(source, "shop"), port), timeout=5) as connection:
            return connection.recv(99)
    except OSError:
        return b""


def test_fault_that_withholds_answers_delivers_the_call(mesh):
    """The application's answer is replaced only after it has answered."""
    settle(mesh, a_grant("client", "shop"), some_routes(), faults=["delivers-then-denies"])
    wait_until(lambda: status(mesh, source="other") == DENIED, "the answer is withheld")
    assert status(mesh) == 200


@pytest.mark.parametrize("fault", ["allows-everything", "client-side-only", "accepts-unmeshed-callers"])
def test_fault_that_opens_the_doors_answers_plain_text(mesh, fault):
    """A caller without a proxy, refused by a right mesh, is let in."""
    wait_until(lambda: plain_answer(mesh) == [], "a right mesh refuses plain text")
    settle(mesh, faults=[fault])
    wait_until(lambda: plain_answer(mesh) == [(200, "shop")], "plain text is answered")
    expected = 200 if fault == "allows-everything" else DENIED
    assert status(mesh) == expected


def plain_answer(mesh):
    try:
        return send(mesh.pod_address("shop"))
    except (OSError, http.client.HTTPException):
        return []


def test_fault_of_untidied_paths_leads_out_of_a_grant(mesh):
    """Dot segments arrive as they were sent."""
    settle(mesh, *open_shop(an_entry(pathRegex="/public/.*")), faults=["untidied-paths"])
    wait_until(lambda: status(mesh, "/public/../admin") == 200, "the path is compared as it is")


def test_fault_of_splits_by_connection_keeps_one_backend(mesh):
    """Each connection meets one backend, and connections meet both."""
    split = a_split(backends={"web-v1": 1, "web-v2": 1}, root="web")
    settle(mesh, *open_web(), split, faults=["splits-per-connection"])
    web = mesh.outbound("client", "web")
    wait_until(lambda: len(set(send(web, times=30))) == 1, "a connection stays with its backend")
    first = Counter(answer for _ in range(40) for answer in send(web))
    assert set(first) == {(200, "web-v1"), (200, "web-v2")}


SNAPSHOT_FAULTS = [
    "absent-header-fits",
    "believes-identity-headers",
    "first-fitting-route-decides",
    "matches-query-string",
    "opens-pod-address",
    "split-unmatched-fail",
    "splits-first-port-only",
]


@pytest.mark.parametrize("fault", SNAPSHOT_FAULTS)
def test_fault_in_what_sidecars_are_told_is_taken_by_envoy(mesh, fault):
    """A wrong mesh that Envoy refuses would be no wrong mesh, but the one before it."""
    split = a_split(backends={"web-v2": 1}, root="web", matches=[REFERENCE])
    group = a_group("v1alpha4", an_entry(pathRegex="/a", headers={"x": "y"}))
    settle(mesh, *open_web(), *a_tcp_grant("client", "shop"), split, group, faults=[fault])
