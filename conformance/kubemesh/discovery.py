"""Where sidecars' agents come to: for certificates, with a token; for configuration, with a certificate.

What they say to each other over a sidecar's one WebSocket stands in `wire`.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from conformance.errors import ConformanceError
from conformance.kubemesh.callers import Caller, review_token
from conformance.kubemesh.connections import hold
from conformance.kubemesh.names import METRICS, METRICS_HOSTS, NAMESPACE
from conformance.kubemesh.rest import Rest
from conformance.kubemesh.steering import Follower, Steering
from conformance.kubemesh.wire import encode
from conformance.refmesh.certificates import Authority

logger = logging.getLogger(__name__)

_LARGEST_REQUEST = 64 * 1024


class Doorman:
    """Serves agents. All of it runs in one event loop.

    Args:
        rest: The API server, for reviews of tokens.
        authority: Signs certificates.
        steering: Says what sidecars should have.
    """

    def __init__(self, rest: Rest, authority: Authority, steering: Steering) -> None:
        self._rest = rest
        self._authority = authority
        self._steering = steering
        self._news: set[asyncio.Event] = set()

    def app(self) -> web.Application:
        """Make the pages for agents."""
        app = web.Application(client_max_size=_LARGEST_REQUEST)
        app.router.add_post("/certificate", self._certify)
        app.router.add_get("/configuration", self._configure)
        return app

    def wake(self) -> None:
        """Look again what sidecars should have. To be called in the event loop."""
        for one in self._news:
            one.set()

    async def _certify(self, request: web.Request) -> web.Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            return web.Response(status=401, text="show the pod's token\n")
        try:
            caller = await asyncio.to_thread(review_token, self._rest, token)
        except ConformanceError as problem:
            logger.warning("a token could not be reviewed: %s", problem.what)
            return web.Response(status=503, text="the token cannot be reviewed now\n")
        if caller is None:
            return web.Response(status=403, text="this token does not say which pod you are\n")
        key = _public_key(await request.read())
        if key is None:
            return web.Response(status=400, text="send a certificate signing request for a key on P-256\n")
        return web.Response(text=self._sign(caller, key))

    def _sign(self, caller: Caller, key: ec.EllipticCurvePublicKey) -> str:
        logger.info("certificate for pod %s/%s as %s", caller.namespace, caller.pod, caller.account)
        is_metrics = (caller.namespace, caller.account) == (NAMESPACE, METRICS)
        hosts = METRICS_HOSTS if is_metrics else ()
        return self._authority.certify(key, caller.namespace, caller.account, holder=caller.uid, hosts=hosts)

    async def _configure(self, request: web.Request) -> web.StreamResponse:
        return await hold(request, self._steer, _LARGEST_REQUEST)

    async def _steer(self, uid: str, socket: web.WebSocketResponse) -> None:
        follower = Follower(uid=uid)
        self._steering.join(follower)
        try:
            await self._talk(socket, follower)
        finally:
            self._steering.leave(follower)

    async def _talk(self, socket: web.WebSocketResponse, follower: Follower) -> None:
        telling = asyncio.create_task(self._tell(socket, follower))
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    _hear(json.loads(message.data), follower)
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def _tell(self, socket: web.WebSocketResponse, follower: Follower) -> None:
        news = asyncio.Event()
        self._news.add(news)
        try:
            while True:
                news.clear()
                wanted = self._steering.wanted(follower.uid)
                if wanted is not None and wanted is not follower.sent:
                    follower.told += 1
                    before, follower.sent = follower.sent, wanted
                    await socket.send_str(encode(follower.told, before, wanted))
                await news.wait()
        finally:
            self._news.discard(news)


def _hear(message: Mapping[str, Any], follower: Follower) -> None:
    if message["acted"] == follower.told:  # an older one is out of date by now
        follower.acted = follower.sent
    follower.refusals = [str(one)[:2000] for one in message.get("refusals") or ()][-3:]


def _public_key(request: bytes) -> ec.EllipticCurvePublicKey | None:
    """Take the key of a signing request, and nothing else that it says."""
    try:
        asked = x509.load_pem_x509_csr(request)
        key = asked.public_key()
    except ValueError:
        return None
    is_ours = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    return (
        key if is_ours and isinstance(key, ec.EllipticCurvePublicKey) and asked.is_signature_valid else None
    )
