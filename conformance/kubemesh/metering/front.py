"""The pages that the API server's aggregation layer asks for, and those for the kubelet and for people."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from aiohttp import web

from conformance.errors import ConformanceError
from conformance.kubemesh.metering.front_proxy import FrontProxy
from conformance.kubemesh.proofs import shown_by
from conformance.refmesh.metrics import GROUP, VERSION, MetricsAnswer, MetricsApi, MetricsRequest
from conformance.refmesh.metrics.asking import ROOT
from conformance.refmesh.metrics.rendering import status as status_body

logger = logging.getLogger(__name__)

_OPENAPI = "/openapi/v2"
# The API server asks again and again, and complains in its log, where it gets nothing. SMI has no schema that a
# TrafficMetrics could be checked against: nobody sends one.
_NOTHING_DESCRIBED = {"swagger": "2.0", "info": {"title": GROUP, "version": VERSION}, "paths": {}}
_GROUP_ROOT = f"/apis/{GROUP}"


class State(Protocol):
    """How far a metrics server is."""

    @property
    def is_ready(self) -> bool:
        """Whether it can be asked."""

    @property
    def has_figures(self) -> bool:
        """Whether it knows more than what figures there could be."""


class Front:
    """Finds out who asks, and answers.

    Args:
        api: Knows the answers.
        front_proxy: Gives whom to believe now.
        state: How far the server is.
        status: Says how this server is, for people.
    """

    def __init__(
        self,
        api: MetricsApi,
        front_proxy: Callable[[], FrontProxy],
        state: State,
        status: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._api = api
        self._front_proxy = front_proxy
        self._state = state
        self._status = status

    def app(self) -> web.Application:
        """Make the pages."""
        app = web.Application()
        app.router.add_get("/ready", self._ready)
        app.router.add_get("/status", self._say)
        app.router.add_route("*", "/{path:.*}", self._serve)
        return app

    async def _serve(self, request: web.Request) -> web.Response:
        asker = self._front_proxy().asker(shown_by(request), request.headers)
        if asker is None:
            words = (
                "ask the API server of the cluster: only what it passes on, with its certificate, is believed"
            )
            return _written(_refusal(401, "Unauthorized", words))
        asked = MetricsRequest(
            method=request.method, path=request.path, query=dict(request.query), asker=asker
        )
        return await asyncio.to_thread(lambda: _written(self._answer(asked)))

    def _answer(self, asked: MetricsRequest) -> MetricsAnswer:
        try:
            return self._found(asked)
        except ConformanceError as problem:
            logger.warning("%s %s is not answered: %s", asked.method, asked.path, problem.what)
            return _refusal(503, "ServiceUnavailable", f"{problem.what}, at {problem.where}")
        except Exception:  # whoever asks gets Kubernetes' form all the same
            logger.exception("%s %s is not answered", asked.method, asked.path)
            return _refusal(500, "InternalError", "see the log of the metrics server")

    def _found(self, asked: MetricsRequest) -> MetricsAnswer:
        if asked.path == _OPENAPI:
            return MetricsAnswer(status=200, body=_NOTHING_DESCRIBED)
        if not _is_ours(asked.path):
            return _refusal(404, "NotFound", "the server could not find the requested resource")
        if not self._state.has_figures and asked.path.startswith(f"{ROOT}/"):
            words = "the metrics server has just started, and no sidecar has told it yet what it counts; ask again"
            return _refusal(503, "ServiceUnavailable", words)
        return self._api.answer(asked)

    async def _ready(self, _: web.Request) -> web.Response:
        return web.Response(status=200 if self._state.is_ready else 503)

    async def _say(self, _: web.Request) -> web.Response:
        return web.json_response(self._status())


def _is_ours(path: str) -> bool:
    return path.rstrip("/") == _GROUP_ROOT or path == ROOT or path.startswith(f"{ROOT}/")


def _refusal(code: int, reason: str, words: str) -> MetricsAnswer:
    return MetricsAnswer(status=code, body=status_body(code, reason, words))


def _written(answer: MetricsAnswer) -> web.Response:
    return web.Response(
        status=answer.status,
        body=json.dumps(answer.body).encode(),
        headers={"content-type": answer.content_type},
    )
