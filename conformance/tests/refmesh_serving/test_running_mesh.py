"""With real sidecars: changes arrive, and lose no call that is allowed before and after them."""

import http.client
import json
import ssl
import threading
from contextlib import contextmanager

import pytest

from conformance.refmesh.bootstrap import ADMIN_PORT
from conformance.tests.doubles.local_mesh import (
    HTTP_PORT,
    LocalMesh,
    a_grant,
    a_split,
    a_tcp_grant,
    some_routes,
    wait_until,
)

pytestmark = pytest.mark.envoy

WORKLOADS = ("client", "other", "shop", "web", "web-v1", "web-v2")
CHANGES = 100


@pytest.fixture(scope="module")
def running():
    with LocalMesh(WORKLOADS) as mesh:
        yield mesh


@pytest.fixture
def mesh(running):
    """A mesh without any policy."""
    running.apply()
    wait_until(running.is_current, "the sidecars have forgotten all policy")
    before = len(running.plane.rejections())
    yield running
    assert running.plane.rejections()[before:] == ()


@contextmanager
def load(mesh, source, target):
    """Call without a pause, on a kept connection and on new ones; at the end no call may have gone wrong."""
    answers, over, went = [], threading.Event(), threading.Event()

    def go_on():
        with mesh.caller(source, target) as caller:
            while not over.is_set():
                answers.extend((caller.send(), mesh.call(source, target)))
                went.set()

    thread = threading.Thread(target=go_on)
    thread.start()
    assert went.wait(5)
    try:
        yield answers
    finally:
        over.set()
        thread.join()


def statuses(answers):
    return {status for status, _ in answers}


def test_grant_opens_a_path_and_its_end_closes_it(mesh):
    """Without policy nothing is allowed; with a grant, what it names, and nobody else."""
    assert mesh.call("client", "shop")[0] == 403
    mesh.apply(a_grant("client", "shop"), some_routes())
    wait_until(lambda: mesh.call("client", "shop") == (200, "shop"), "the grant opens the path")
    assert mesh.call("other", "shop")[0] == 403
    mesh.apply()
    wait_until(lambda: mesh.call("client", "shop")[0] == 403, "the path is closed again")


def test_hundred_changes_lose_no_call_that_is_always_allowed(mesh):
    """The grant that calls rest on stays while others come, go and change beside it."""
    always = (a_grant("client", "shop"), some_routes())
    mesh.apply(*always)
    wait_until(lambda: mesh.call("client", "shop")[0] == 200, "the grant opens the path")
    with load(mesh, "client", "shop") as answers:
        for number in range(CHANGES):
            wanted = 200 if number % 2 else 403
            mesh.apply(
                *always, *([a_grant("other", "shop")] if number % 2 else []), some_routes("x", f"/{number}")
            )
            wait_until(
                lambda wanted=wanted: mesh.call("other", "shop")[0] == wanted, "the change has its effect"
            )
    assert len(answers) > CHANGES
    assert statuses(answers) == {200}


def test_split_changes_lose_no_call(mesh):
    """Calls go to one backend or the other, never nowhere."""
    grants = (
        a_grant("client", "web-v1"),
        a_grant("client", "web-v2"),
        a_grant("client", "web"),
        some_routes(),
    )
    mesh.apply(*grants, a_split("web", web_v1=1, web_v2=0))
    wait_until(lambda: mesh.call("client", "web") == (200, "web-v1"), "the split has its effect")
    with load(mesh, "client", "web") as answers:
        for number in range(CHANGES // 2):
            mesh.apply(*grants, a_split("web", web_v1=number % 2, web_v2=1 - number % 2))
            wanted = "web-v1" if number % 2 else "web-v2"
            wait_until(
                lambda wanted=wanted: mesh.call("client", "web") == (200, wanted), "the split has changed"
            )
    assert statuses(answers) == {200}
    assert {body for _, body in answers} == {"web-v1", "web-v2"}


def test_pods_that_come_and_go_lose_no_call_to_others(mesh):
    """Clusters arrive before they are used and go when nothing uses them; listeners stay open."""
    policy = (a_grant("client", "shop"), some_routes())
    mesh.apply(*policy)
    wait_until(lambda: mesh.call("client", "shop")[0] == 200, "the grant opens the path")
    with load(mesh, "client", "shop") as answers:
        for number in range(10):
            mesh.apply(*policy, absent=() if number % 2 else ("web", "web-v1"))
            wait_until(mesh.is_current, "the sidecars know the change")
    assert statuses(answers) == {200}


def test_backend_that_comes_and_goes_with_its_split_loses_no_call(mesh):
    """Its clusters arrive before the routes that lead to it, and go after them, though it is one change."""
    grants = (a_grant("client", "web-v1"), a_grant("client", "web-v2"), some_routes())
    mesh.apply(*grants, a_split("web", web_v1=1))
    wait_until(lambda: mesh.call("client", "web") == (200, "web-v1"), "the split has its effect")
    with load(mesh, "client", "web") as answers:
        for number in range(20):
            backend = "web-v1" if number % 2 else "web-v2"
            absent = ("web-v2",) if backend == "web-v1" else ()
            mesh.apply(*grants, a_split("web", **{backend: 1}), absent=absent)
            wait_until(mesh.is_current, "the sidecars know the change")
            assert mesh.call("client", "web") == (200, backend)
    assert statuses(answers) == {200}


def test_world_that_comes_back_can_be_called(mesh):
    """A Service that was gone gets its listeners, routes and clusters back."""
    policy = (a_grant("client", "web"), some_routes())
    mesh.apply(*policy, absent=("web",))
    wait_until(mesh.is_current, "the sidecars know that it is gone")
    mesh.apply(*policy)
    wait_until(mesh.is_current, "the sidecars know that it is back")
    assert mesh.call("client", "web") == (200, "web")


def test_raw_connections_follow_policy(mesh):
    """TCP policy lies in listeners, which travel apart from routes."""

    def echo():
        with mesh.connect("client", "shop") as connection:
            try:
                connection.sendall(b"ping\n")
                return connection.recv(16)
            except ConnectionError:
                return b""

    assert echo() == b""
    mesh.apply(*a_tcp_grant("client", "shop"))
    wait_until(lambda: echo() == b"ping\n", "the grant opens the port")
    mesh.apply()
    wait_until(lambda: echo() == b"", "the port is closed again")


def test_raw_connection_outlives_changes_of_policy(mesh):
    """Envoy asks when a connection is made; what stands is not cut by changes, not even of its own grant."""
    grant = a_tcp_grant("client", "shop")
    mesh.apply(*grant)
    wait_until(mesh.is_current, "the sidecars know the grant")
    with mesh.connect("client", "shop") as connection:
        for policy in ((*grant, *a_tcp_grant("other", "shop")[:1]), grant, ()):
            mesh.apply(*policy)
            wait_until(mesh.is_current, "the sidecars know the change")
            connection.sendall(b"still here\n")
            assert connection.recv(64) == b"still here\n"


def serial_number(mesh, name):
    """Read from Envoy which certificate it shows now."""
    connection = http.client.HTTPConnection(mesh.app_address(name), ADMIN_PORT, timeout=5)
    connection.request("GET", "/certs")
    found = json.loads(connection.getresponse().read())["certificates"]
    connection.close()
    return {chain["serial_number"] for one in found for chain in one["cert_chain"]}


def test_renewed_certificates_are_taken_over_and_lose_no_call(mesh):
    """Both ends change theirs under load, ten times."""
    mesh.apply(a_grant("client", "shop"), some_routes())
    wait_until(lambda: mesh.call("client", "shop")[0] == 200, "the grant opens the path")
    with load(mesh, "client", "shop") as answers:
        for _ in range(10):
            before = {name: serial_number(mesh, name) for name in ("client", "shop")}
            mesh.plane.renew_credentials()
            for name, serials in before.items():
                renewed = lambda name=name, serials=serials: not serials & serial_number(mesh, name)  # noqa: E731
                wait_until(renewed, f"{name} shows its new certificate")
    assert statuses(answers) == {200}


def test_caller_without_a_certificate_of_the_mesh_is_not_heard(mesh):
    """Whoever reaches the pod's address past its own sidecar has no identity."""
    mesh.apply(a_grant("client", "shop"), some_routes())
    wait_until(lambda: mesh.call("client", "shop")[0] == 200, "the grant opens the path")
    address = mesh.pod_address("shop")
    nameless = http.client.HTTPSConnection(
        address, HTTP_PORT, timeout=5, context=ssl._create_unverified_context()
    )
    for connection in (http.client.HTTPConnection(address, HTTP_PORT, timeout=5), nameless):
        with pytest.raises((OSError, http.client.HTTPException)):
            ask(connection)
        connection.close()


def ask(connection):
    connection.request("GET", "/")
    return connection.getresponse()
