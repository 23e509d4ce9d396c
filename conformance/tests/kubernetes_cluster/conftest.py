"""An API server that is a dictionary: objects, conflicts, watches, exec streams, and answers that a test scripts."""

import asyncio
import itertools
import json
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from aiohttp import WSMsgType, web

from conformance.cluster.kubernetes import KubernetesSettings, connect
from conformance.cluster.kubernetes.rest import Rest

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def status(code: int, reason: str = "", message: str = "") -> web.Response:
    """A Status object as an API server answers it."""
    said = {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}
    return web.json_response(said, status=code)


class FakeApi:
    """Keeps what is posted under its path, and does in place of that what a test has scripted."""

    def __init__(self) -> None:
        self.objects: dict[str, dict] = {}
        self.requests: list[tuple[str, str]] = []
        self.queries: list[dict] = []
        self.scripted: list[tuple[str, str, Answer]] = []
        self.denied: set[tuple[str, str, str]] = set()
        """Of (resource, subresource, verb): what an access review says no to."""
        self.changed = asyncio.Event()
        self._numbers = itertools.count(1)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._runner = web.AppRunner(self._app(), shutdown_timeout=0)
        self.port = self._wait(self._start())

    def _wait(self, task):
        return asyncio.run_coroutine_threadsafe(task, self._loop).result(10)

    def _app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _start(self) -> int:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return site._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        self._wait(self._runner.cleanup())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def script(self, method: str, path: str, *answers: Answer) -> None:
        """Give each of *answers* once, in order, in place of what would come."""
        self.scripted += [(method, path, one) for one in answers]

    def put_there(self, path: str, body: dict, **labels: str) -> dict:
        """Store an object that somebody else has made."""
        *_, place, namespace, _, name = path.split("/")
        metadata = {**body.get("metadata", {}), "name": name}
        if place == "namespaces":
            metadata["namespace"] = namespace
        return self._store(path, {**body, "metadata": {**metadata, "labels": labels}})

    def asked(self, method: str) -> list[str]:
        """List the paths that were asked for with *method*, access reviews aside."""
        return [path for verb, path in self.requests if verb == method and path != REVIEWS]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        self.queries.append(dict(request.query))
        for entry in self.scripted:
            if entry[:2] == (request.method, request.path):
                self.scripted.remove(entry)
                return await entry[2](request)
        return await getattr(self, f"_{request.method.lower()}")(request)

    async def _get(self, request: web.Request) -> web.StreamResponse:
        if request.path in self.objects:
            return web.json_response(self.objects[request.path])
        inside = [one for path, one in self.objects.items() if path.rpartition("/")[0] == request.path]
        plural = request.path.rpartition("/")[2]
        if inside or plural in {"namespaces", "pods", "events", "deployments"}:
            wanted = request.query.get("labelSelector", "")
            found = [one for one in inside if _fits(one, wanted)]
            return web.json_response({"metadata": {"resourceVersion": "7"}, "items": found})
        return status(404, "NotFound", f"{request.path} not found")

    async def _post(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if request.path == REVIEWS:
            asked = body["spec"]["resourceAttributes"]
            denied = (asked["resource"], asked["subresource"], asked["verb"]) in self.denied
            return web.json_response({"status": {"allowed": not denied}}, status=201)
        path = f"{request.path}/{body['metadata']['name']}"
        if path in self.objects:
            return status(409, "AlreadyExists", f"{path} already exists")
        return web.json_response(self._store(path, body), status=201)

    async def _put(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        stored = self.objects.get(request.path)
        if stored is None:
            return status(404, "NotFound", f"{request.path} not found")
        if body["metadata"].get("resourceVersion") != stored["metadata"]["resourceVersion"]:
            return status(409, "Conflict", "the object has been modified")
        return web.json_response(self._store(request.path, body))

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        options = await request.json()
        stored = self.objects.get(request.path)
        if stored is None:
            return status(404, "NotFound", f"{request.path} not found")
        if (
            options.get("preconditions", {}).get("uid", stored["metadata"]["uid"])
            != stored["metadata"]["uid"]
        ):
            return status(409, "Conflict", "Precondition failed: UID in precondition")
        del self.objects[request.path]
        return web.json_response({"kind": "Status", "status": "Success"})

    def _store(self, path: str, body: dict) -> dict:
        number = next(self._numbers)
        old = self.objects.get(path, {}).get("metadata", {})
        given = {
            "uid": old.get("uid", f"uid-{number}"),
            "resourceVersion": str(number),
            "creationTimestamp": old.get("creationTimestamp", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"),
        }
        stored = {"apiVersion": "v1", "kind": "Thing", **body, "metadata": {**body["metadata"], **given}}
        self.objects[path] = stored
        return stored


def _fits(body: dict, selector: str) -> bool:
    key, equals, value = selector.partition("=")
    labels = body["metadata"].get("labels", {})
    return not key or (labels.get(key) == value if equals else key in labels)


def lines_of(*changes: dict) -> Answer:
    """Answer a watch with these changes, and end it."""

    async def answer(request: web.Request) -> web.StreamResponse:
        text = "".join(json.dumps(one) + "\n" for one in changes)
        return web.Response(text=text)

    return answer


def saying(*frames: bytes) -> Answer:
    """Answer an exec with these frames once something was sent to it, then close."""

    async def answer(request: web.Request) -> web.StreamResponse:
        stream = web.WebSocketResponse(protocols=("v5.channel.k8s.io", "v4.channel.k8s.io"), max_msg_size=0)
        await stream.prepare(request)
        received = await stream.receive()
        assert received.type in {WSMsgType.BINARY, WSMsgType.CLOSE}
        for frame in frames:
            await stream.send_bytes(frame)
        await stream.close()
        return stream

    return answer


async def silent(request: web.Request) -> web.StreamResponse:
    """Answer an exec, and say nothing until the other end goes."""
    stream = web.WebSocketResponse()
    await stream.prepare(request)
    while (await stream.receive()).type not in {WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING}:
        pass
    return stream


def text(content: str, **options: object) -> web.Response:
    """What a log is answered with."""
    return web.Response(text=content, **options)


def kubeconfig(directory: Path, server: str, *, token: str = "t", context: str = "here") -> Path:
    """Write a kubeconfig with one context."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": token}}],
        "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
        "current-context": context,
    }
    path = directory / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.fixture
def fake():
    api = FakeApi()
    yield api
    api.close()


@pytest.fixture
def api(fake, tmp_path):
    api = connect(kubeconfig(tmp_path, fake.address), None)
    fake.requests.clear()
    fake.queries.clear()
    yield api
    api.close()


@pytest.fixture
def rest(api):
    return Rest(api)


@pytest.fixture
def settings():
    return KubernetesSettings(run_id="r1", name="fake", probe_image="smi-conformance/probe:t")


@pytest.fixture
def tools():
    """What tests script answers with; test files of a folder without packages cannot import from here."""
    return {one.__name__: one for one in (status, lines_of, saying, silent, text, kubeconfig)}
