"""Requests to an API server: JSON in, JSON out, with the connection and the credentials of a kubeconfig.

The client library's typed methods know nothing of SMI's kinds, and its dynamic client keeps what it discovers on
disk, where it outlives a change of CRDs. So only its way to connect is used here.

An API server that restarts is waited for: every request of the suite can be repeated, because creating what is
there already, and deleting what is gone, are no errors.
"""

import contextlib
import json
import math
import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

import urllib3
from kubernetes.client import ApiClient
from urllib3.exceptions import HTTPError, InsecureRequestWarning

from conformance.cluster.kubernetes.refusals import ApiError, api_error, read_answer
from conformance.model.api import ApiAnswer, ApiRequest

PATIENCE = timedelta(seconds=120)
"""How long an API server that does not answer is waited for. A guess: on a busy machine with two cores a restart has
taken 65 s."""
_ANSWERED_PATIENCE = timedelta(seconds=15)
"""How long a server is asked again that answers with an error of its own, or of a webhook; and how long what it
refuses after a silence is not believed: one that has just started knows neither roles nor CRDs. A guess."""
_CONNECTING = 5.0
"""Unit: s."""
_ANSWERING = 30.0
"""Unit: s."""
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_GOOD = range(200, 300)

T = TypeVar("T")
Body = Mapping[str, Any]
"""A JSON object, or a query's parameters."""


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    query: Body | Sequence[tuple[str, str]]
    body: Body | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def target(self) -> str:
        return self.path + (f"?{urlencode(self.query)}" if self.query else "")


class Rest:
    """Speaks to one API server. Safe to use from several threads."""

    def __init__(self, api: ApiClient, patience: timedelta = PATIENCE) -> None:
        """Use a connection.

        Args:
            api: As `connect` gives it.
            patience: How long a server is waited for that does not answer.
        """
        self._api = api
        self._patience = patience
        self._ahead = timedelta(0)
        self._silent_at = -math.inf
        if not api.configuration.verify_ssl:  # the person has said so in the kubeconfig; once is enough
            urllib3.disable_warnings(InsecureRequestWarning)

    @property
    def api(self) -> ApiClient:
        """The connection itself."""
        return self._api

    def close(self) -> None:
        """Close the connection: for whoever has made it."""
        self._api.close()  # type: ignore[no-untyped-call]

    @property
    def host(self) -> str:
        """The API server's address."""
        return str(self._api.configuration.host)

    def now(self) -> datetime:
        """Tell the time by the API server's clock, as of its last answer: two runs may be on two machines."""
        return datetime.now(UTC) + self._ahead

    def get(self, path: str, **query: object) -> dict[str, Any]:
        """Read.

        Raises:
            ApiError: The server said no, or nothing.
        """
        return self._json(_Request("GET", path, query))

    def post(self, path: str, body: Body, **query: object) -> dict[str, Any]:
        """Create.

        Raises:
            ApiError: The server said no, or nothing.
        """
        return self._json(_Request("POST", path, query, body))

    def put(self, path: str, body: Body, **query: object) -> dict[str, Any]:
        """Replace.

        Raises:
            ApiError: The server said no, or nothing.
        """
        return self._json(_Request("PUT", path, query, body))

    def delete(self, path: str, body: Body, **query: object) -> dict[str, Any]:
        """Delete.

        Args:
            path: The object.
            body: DeleteOptions.
            query: Parameters.

        Raises:
            ApiError: The server said no, or nothing.
        """
        return self._json(_Request("DELETE", path, query, body))

    def text(self, path: str, **query: object) -> str:
        """Read what is no JSON, such as a log.

        Raises:
            ApiError: The server said no, or nothing.
        """
        return self._patiently(_Request("GET", path, query), self._once).decode("utf-8", "replace")

    def ask(self, request: ApiRequest) -> ApiAnswer:
        """Send a plain request, and give whatever is answered; only silence is waited out.

        Who asks is this connection's account, whatever *request* says.

        Raises:
            ApiError: The server said nothing.
        """
        asked = _Request(request.method, request.path, request.query, request.body)
        response = self._patiently(asked, self._exchange)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return ApiAnswer(status=response.status, body=bytes(response.data), headers=headers)

    @contextlib.contextmanager
    def lines(self, path: str, span: timedelta, **query: object) -> Iterator[Iterator[bytes]]:
        """Read the lines of an answer that goes on for *span*, as they come; never asks twice.

        Raises:
            ApiError: The server said no, or nothing.
        """
        request = _Request("GET", path, query)
        timeout = urllib3.Timeout(connect=_CONNECTING, read=span.total_seconds() + 1)
        with self._reaching(request):
            response = self._send(request, timeout, whole=False)
            try:
                if response.status not in _GOOD:
                    raise api_error(read_answer(response.status, response.data), str(request), self.host)
                yield _lines(response)
            finally:
                response.close()

    def headers(self) -> dict[str, str]:
        """Give the headers that say who asks; a token that has run out is renewed where the kubeconfig says how."""
        settings = self._api.configuration.auth_settings().values()
        return {
            str(one["key"]): str(one["value"]) for one in settings if one["in"] == "header" and one["value"]
        }

    def _json(self, request: _Request) -> dict[str, Any]:
        answer = json.loads(self._patiently(request, self._once))
        assert isinstance(answer, dict)
        return answer

    def _patiently(self, request: _Request, way: Callable[[_Request], T]) -> T:
        begun = time.monotonic()
        pause = _FIRST_PAUSE
        while True:
            try:
                return way(request)
            except ApiError as error:
                if time.monotonic() + pause > self._end_of_patience(error, begun):
                    raise
            time.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311  only spreads requests
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _end_of_patience(self, error: ApiError, begun: float) -> float:
        """Say until when a request is repeated, by `time.monotonic`."""
        if not error.answer.status:
            self._silent_at = time.monotonic()
            return begun if _is_distrust(error.__cause__) else begun + self._patience.total_seconds()
        answered = min(self._patience, _ANSWERED_PATIENCE).total_seconds()
        if error.answer.is_transient:
            return max(begun, self._silent_at) + answered
        return self._silent_at + answered if error.answer.may_be_early else begun

    def _exchange(self, request: _Request) -> urllib3.BaseHTTPResponse:
        with self._reaching(request):
            response = self._send(request, urllib3.Timeout(connect=_CONNECTING, read=_ANSWERING), whole=True)
        self._note_clock(response.headers.get("date"))
        return response

    def _once(self, request: _Request) -> bytes:
        response = self._exchange(request)
        if response.status not in _GOOD:
            raise api_error(read_answer(response.status, response.data), str(request), self.host)
        return bytes(response.data)

    def _send(self, request: _Request, timeout: urllib3.Timeout, *, whole: bool) -> urllib3.BaseHTTPResponse:
        pool: urllib3.PoolManager = self._api.rest_client.pool_manager
        headers = {"accept": "application/json", "user-agent": "smi-conformance", **self.headers()}
        if request.body is not None:
            headers["content-type"] = "application/json"
        return pool.request(
            request.method,
            self.host + request.target,
            body=None if request.body is None else json.dumps(request.body),
            headers=headers,
            timeout=timeout,
            preload_content=whole,
            retries=False,
            redirect=False,
        )

    @contextlib.contextmanager
    def _reaching(self, request: _Request) -> Iterator[None]:
        where = f"{request}, {self.host}"
        try:
            yield
        except HTTPError as error:
            if _is_distrust(error):
                what = f"the API server's certificate is not trusted: {_cause(error)}"
                hint = (
                    "check certificate-authority in the kubeconfig, and whether the address is the right one"
                )
            else:
                what = f"the API server does not answer: {_cause(error)}"
                hint = "see whether the cluster runs and whether this machine reaches it"
            raise ApiError(what, where, hint) from error

    def _note_clock(self, date: str | None) -> None:
        with contextlib.suppress(TypeError, ValueError):
            self._ahead = parsedate_to_datetime(date or "") - datetime.now(UTC)


def without_answer(error: ApiError) -> bool:
    """Say whether the server did not answer at all."""
    return not error.answer.status


def _lines(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    unread = b""
    for data in response.stream(65536):
        *whole, unread = (unread + data).split(b"\n")
        yield from whole


def _is_distrust(error: BaseException | None) -> bool:
    """Whether the server's certificate was refused: waiting does not help then, as it does with a torn connection."""
    return isinstance(_root(error), ssl.SSLCertVerificationError)


def _cause(error: BaseException) -> str:
    root = _root(error)
    text = getattr(root, "strerror", None) or str(root) or type(root).__name__
    return str(text).partition(": ")[2] or str(text) if isinstance(root, HTTPError) else str(text)


def _root(error: BaseException | None) -> BaseException | None:
    while isinstance(error, HTTPError):
        inner = getattr(error, "reason", None) or error.__cause__ or error.__context__
        if not isinstance(inner, BaseException):
            return error
        error = inner
    return error
