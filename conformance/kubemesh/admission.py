"""What the API server asks the control plane: to inject sidecars, to convert objects, and whether it is ready."""

import base64
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from conformance.errors import ConformanceError
from conformance.kubemesh.patch import Injection, patch, why_refused
from conformance.refmesh.conversion import convert
from conformance.spec import parse_api_version

logger = logging.getLogger(__name__)

Json = dict[str, Any]

_LARGEST_REQUEST = 32 * 1024 * 1024  # a conversion carries a whole page of a list


class Admission:
    """The pages behind the control plane's webhooks, and those for people.

    Args:
        injection: What every sidecar gets.
        is_ready: Whether this replica knows the cluster and can steer.
        status: Says how this replica is, for people.
    """

    def __init__(
        self, injection: Injection, is_ready: Callable[[], bool], status: Callable[[], Mapping[str, Any]]
    ) -> None:
        self._injection = injection
        self._is_ready = is_ready
        self._status = status

    def app(self) -> web.Application:
        """Make the pages."""
        app = web.Application(client_max_size=_LARGEST_REQUEST)
        app.router.add_post("/inject", self._inject)
        app.router.add_post("/convert", self._convert)
        app.router.add_get("/ready", self._ready)
        app.router.add_get("/status", self._say)
        return app

    async def _inject(self, request: web.Request) -> web.Response:
        return web.json_response(reviewed(await request.json(), self._injection))

    async def _convert(self, request: web.Request) -> web.Response:
        return web.json_response(converted(await request.json()))

    async def _ready(self, _: web.Request) -> web.Response:
        return web.Response(status=200 if self._is_ready() else 503)

    async def _say(self, _: web.Request) -> web.Response:
        return web.json_response(self._status())


def reviewed(review: Mapping[str, Any], injection: Injection) -> Json:
    """Answer an AdmissionReview about a pod that is to be created."""
    asked = review["request"]
    pod = asked["object"]
    answer: Json = {"uid": asked["uid"], "allowed": True}
    if refusal := why_refused(pod):
        answer |= {"allowed": False, "status": {"message": refusal, "code": 403}}
    elif operations := patch(pod, injection):
        text = json.dumps(operations).encode()
        answer |= {"patchType": "JSONPatch", "patch": base64.b64encode(text).decode()}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer}


def converted(review: Mapping[str, Any]) -> Json:
    """Answer a ConversionReview about some objects of one group; if one cannot be converted, none is."""
    asked = review["request"]
    answer: Json = {"uid": asked["uid"]}
    try:
        objects = [_converted(one, str(asked["desiredAPIVersion"])) for one in asked["objects"]]
        answer |= {"convertedObjects": objects, "result": {"status": "Success"}}
    except (ConformanceError, ValueError, LookupError, TypeError) as problem:
        logger.warning("conversion to %s failed: %s", asked["desiredAPIVersion"], problem)
        answer |= {"convertedObjects": [], "result": {"status": "Failed", "message": str(problem)}}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview", "response": answer}


def _converted(body: Mapping[str, Any], wanted: str) -> Json:
    parsed = parse_api_version(wanted)
    if parsed is None:
        raise ValueError(f"SMI has no version {wanted}")
    return convert(body, parsed[1])
