"""Whom the metrics server believes to be whom: whom the API server names in headers, with its certificate."""

import asyncio
import json
import ssl
from contextlib import asynccontextmanager
from types import SimpleNamespace

import aiohttp
import pytest
from multidict import CIMultiDict

from conformance.kubemesh import names
from conformance.kubemesh.metering import doors as opened
from conformance.kubemesh.metering.doors import Doors, FrontDoor
from conformance.kubemesh.metering.front import Front
from conformance.kubemesh.metering.front_proxy import FrontProxy, read_front_proxy
from conformance.refmesh.certificates import Authority, CredentialSettings
from conformance.refmesh.metrics import Asker, MetricsAnswer

ROOT = "/apis/metrics.smi-spec.io/v1alpha1"
SAID = {
    "requestheader-client-ca-file": "PEM",
    "requestheader-allowed-names": '["front-proxy-client"]',
    "requestheader-username-headers": '["X-Remote-User"]',
    "requestheader-uid-headers": '["X-Remote-Uid"]',
    "requestheader-group-headers": '["X-Remote-Group"]',
    "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
}


class Api:
    """Answers who asked."""

    def answer(self, request):
        self.asked = request
        return MetricsAnswer(status=200, body={"user": request.asker.user})


class Place:
    """A front door on loopback, an API server's certificate, and strangers' ones."""

    def __init__(self, directory, monkeypatch):
        self.directory = directory
        self.state = SimpleNamespace(is_ready=True, has_figures=True)
        self.api = Api()
        self.mesh, self.front_proxy, self.stranger = (Authority(CredentialSettings()) for _ in range(3))
        self.trusted = FrontProxy(authority=self.front_proxy.pem)
        files = self.write("server", *self.mesh.serve_as(["localhost"]))
        self.doors = Doors(files)
        front = Front(self.api, lambda: self.trusted, self.state, lambda: {"window": 30})
        self.door = FrontDoor(self.doors, front.app)
        monkeypatch.setattr(opened.names, "METRICS_PORT", free_port())

    def write(self, name, *texts):
        paths = [self.directory / f"{name}.{end}" for end in ("crt", "key")]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text)
        return tuple(paths)

    async def ask(self, path, shown=None, headers=(), method="GET"):
        context = ssl.create_default_context(cadata=self.mesh.pem)
        if shown:
            context.load_cert_chain(*self.write("client", *shown.issue("kube-system", "front-proxy-client")))
        url = f"https://localhost:{names.METRICS_PORT}{path}"
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, url, ssl=context, headers=CIMultiDict(headers)) as answer,
        ):
            return answer.status, await answer.json(content_type=None)


def free_port():
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@asynccontextmanager
async def serving(directory, monkeypatch):
    place = Place(directory, monkeypatch)
    await place.door.follow(place.trusted)
    try:
        yield place
    finally:
        await place.doors.close()


USER = [("X-Remote-User", "jane"), ("X-Remote-Group", "a"), ("X-Remote-Group", "b"), ("X-Remote-Uid", "u-1")]


def test_who_asks_is_what_the_headers_say(tmp_path, monkeypatch):
    """User, groups, uid, and what else a way to log in has said."""

    async def run():
        async with serving(tmp_path, monkeypatch) as place:
            more = [*USER, ("X-Remote-Extra-Scopes%2fmine", "x"), ("X-Remote-Extra-Scopes%2fmine", "y")]
            assert await place.ask(ROOT, place.front_proxy, more) == (200, {"user": "jane"})
            assert place.api.asked.asker == Asker(
                user="jane", uid="u-1", groups=("a", "b"), extra=(("scopes/mine", ("x", "y")),)
            )

    asyncio.run(run())


@pytest.mark.parametrize("path", [f"{ROOT}/pods", ROOT, "/apis", "/openapi/v2"])
def test_headers_without_the_certificate_prove_nothing(tmp_path, monkeypatch, path):
    """Anybody in the cluster can reach this port and write a header."""

    async def run():
        async with serving(tmp_path, monkeypatch) as place:
            status, body = await place.ask(
                path, None, [("X-Remote-User", "admin"), ("X-Remote-Group", "system:masters")]
            )
            assert (status, body["kind"], body["reason"]) == (401, "Status", "Unauthorized")

    asyncio.run(run())


def test_certificate_of_another_authority_gets_no_connection(tmp_path, monkeypatch):
    """A sidecar's own is one, and so is one that somebody makes for himself."""

    async def run():
        async with serving(tmp_path, monkeypatch) as place:
            for one in (place.stranger, place.mesh):
                with pytest.raises((aiohttp.ClientError, ssl.SSLError, OSError)):
                    await place.ask(ROOT, one, USER)

    asyncio.run(run())


def test_certificate_without_a_user_is_nobody(tmp_path, monkeypatch):
    """The API server always says who asks."""

    async def run():
        async with serving(tmp_path, monkeypatch) as place:
            assert (await place.ask(ROOT, place.front_proxy))[0] == 401

    asyncio.run(run())


def test_name_that_is_not_allowed_speaks_for_nobody(tmp_path, monkeypatch):
    """The same authority may sign for others; here the certificate has no common name at all."""

    async def run():
        async with serving(tmp_path, monkeypatch) as place:
            place.trusted = FrontProxy(authority=place.front_proxy.pem, allowed=("front-proxy-client",))
            assert (await place.ask(ROOT, place.front_proxy, USER))[0] == 401

    asyncio.run(run())


def test_authority_that_was_replaced_is_believed_no_more(tmp_path, monkeypatch):
    """The cluster rotates it; connections of before are closed."""

    async def run():
        async with serving(tmp_path, monkeypatch) as place:
            assert (await place.ask(ROOT, place.front_proxy, USER))[0] == 200
            fresh = Authority(CredentialSettings())
            place.trusted = FrontProxy(authority=fresh.pem)
            await place.door.follow(place.trusted)
            assert (await place.ask(ROOT, fresh, USER))[0] == 200
            with pytest.raises((aiohttp.ClientError, ssl.SSLError, OSError)):
                await place.ask(ROOT, place.front_proxy, USER)

    asyncio.run(run())


def test_cluster_that_names_no_front_proxy_gets_401(tmp_path, monkeypatch):
    """And a kubelet that looks whether the server is ready needs no proof."""

    async def run():
        async with serving(tmp_path, monkeypatch) as place:
            place.trusted = read_front_proxy(None)
            await place.door.follow(place.trusted)
            assert (await place.ask(ROOT, None, USER))[0] == 401
            assert (await place.ask("/ready"))[0] == 200
            place.state.is_ready = False
            assert (await place.ask("/ready"))[0] == 503

    asyncio.run(run())


def test_server_without_figures_says_what_there_is_and_no_zeros(tmp_path, monkeypatch):
    """It has just started: a gap, and nothing that looks like no traffic."""

    async def run():
        async with serving(tmp_path, monkeypatch) as place:
            place.state.has_figures = False
            assert (await place.ask(ROOT, place.front_proxy, USER))[0] == 200
            status, body = await place.ask(f"{ROOT}/pods", place.front_proxy, USER)
            assert (status, body["reason"]) == (503, "ServiceUnavailable")

    asyncio.run(run())


@pytest.mark.parametrize(
    "path", ["/apis", "/api/v1/secrets", "/apis/metrics.smi-spec.io/v1", f"{ROOT}x", "/"]
)
def test_other_paths_are_not_found(tmp_path, monkeypatch, path):
    """The API server asks ``/apis`` first, and takes the older list where it gets a 404."""

    async def run():
        async with serving(tmp_path, monkeypatch) as place:
            status, body = await place.ask(path, place.front_proxy, USER)
            assert (status, body["reason"]) == (404, "NotFound")

    asyncio.run(run())


def test_configuration_of_the_cluster_is_read():
    """As kubeadm writes it."""
    found = read_front_proxy({"data": SAID})
    assert (found.authority, found.allowed) == ("PEM", ("front-proxy-client",))
    assert (found.user, found.group, found.extra) == (
        ("X-Remote-User",),
        ("X-Remote-Group",),
        ("X-Remote-Extra-",),
    )


@pytest.mark.parametrize("value", ["{}", '"X-Remote-User"', "[1]", "no JSON"])
def test_configuration_that_cannot_be_read_is_an_error(value):
    """Who follows it keeps what was before."""
    with pytest.raises(ValueError, match=r"."):
        read_front_proxy({"data": SAID | {"requestheader-username-headers": value}})


def test_configuration_without_a_front_proxy_believes_nobody():
    """Such a cluster has no aggregation."""
    assert not read_front_proxy({"data": {"client-ca-file": "PEM"}}).authority
    json.dumps(SAID)
