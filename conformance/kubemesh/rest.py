"""JSON to and from an API server, by path.

The generated classes of the Kubernetes client are left aside: they change what they are given, and differ from
version to version. Its connection, with whatever the kubeconfig says about proofs of identity, is used.
"""

import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import urllib3
from kubernetes.client import ApiClient

from conformance.errors import EnvironmentBrokenError

Body = dict[str, Any]

MERGE = "application/merge-patch+json"
"""What `Rest.patch` sends by default."""
_MANAGER = "smi-conformance"
_PATIENCE = urllib3.Timeout(connect=5, read=30)  # seconds; a guess, a healthy API server needs far less
_ERROR = 400
_OUTDATED = int(HTTPStatus.GONE)


class ApiRefusedError(EnvironmentBrokenError):
    """The API server said no; *what* carries its own words."""

    def __init__(self, status: int, what: str, where: str) -> None:
        hint = _HINTS.get(status, "see the words of the API server")
        super().__init__(f"the API server answered {status}: {what}", where, hint)
        self.status = status


_HINTS = {
    401: "renew the credentials of your kubeconfig",
    403: "ask for the permissions of a cluster administrator, or have somebody who has them do this",
}


class Rest:
    """One API server. Safe to use from several threads.

    Args:
        api: A connection as the Kubernetes client makes it.
    """

    def __init__(self, api: ApiClient) -> None:
        self._configuration = api.configuration
        self._pool = api.rest_client.pool_manager

    def get(self, path: str, **query: str) -> Body:
        """Read one object or a list.

        Raises:
            ApiRefusedError: It is not there, or may not be read.
            EnvironmentBrokenError: The API server does not answer.
        """
        return self._send("GET", path, query=query)

    def find(self, path: str, **query: str) -> Body | None:
        """Read like `get`; None when it is not there."""
        try:
            return self.get(path, **query)
        except ApiRefusedError as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def post(self, path: str, body: Mapping[str, Any]) -> Body:
        """Create an object. Raises as `get`."""
        return self._send("POST", path, body)

    def patch(self, path: str, body: Mapping[str, Any]) -> Body:
        """Merge *body* into an object; null removes a field. Raises as `get`."""
        return self._send("PATCH", path, body, content=MERGE)

    def apply(self, path: str, body: Mapping[str, Any]) -> Body:
        """Create an object, or make it what *body* says, taking away what an earlier one of ours said.

        Raises as `get`.
        """
        query = {"fieldManager": _MANAGER, "force": "true"}
        return self._send("PATCH", path, body, query=query, content="application/apply-patch+yaml")

    def delete(self, path: str) -> bool:
        """Delete an object and what it owns; False when it was not there. Raises as `get`."""
        try:
            self._send("DELETE", path, query={"propagationPolicy": "Background"})
        except ApiRefusedError as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND:
                return False
            raise
        return True

    def text(self, path: str) -> str:
        """Read what is no JSON, such as a page that the API server fetches from a pod. Raises as `get`."""
        return self._answer("GET", path).decode(errors="replace")

    def watch(self, path: str, timeout: int, **query: str) -> Iterator[Body]:
        """Listen to changes until the API server ends the stream.

        Args:
            path: Of the list.
            timeout: After how many seconds the API server ends it at the latest.
            query: What else to ask for, such as ``resourceVersion``.

        Raises:
            ApiRefusedError: As `get`; status 410 where *resourceVersion* is too old.
            EnvironmentBrokenError: The stream broke.
        """
        asked = query | {"watch": "true", "timeoutSeconds": str(timeout)}
        patience = urllib3.Timeout(connect=5, read=timeout + 15)
        try:
            answer = self._open("GET", path, query=asked, patience=patience)
            try:
                yield from _events(answer, path)
            finally:
                answer.close()
                answer.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as problem:
            raise _silent(path, problem) from problem

    def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        content: str = "application/json",
    ) -> Body:
        answer = json.loads(self._answer(method, path, body, query=query, content=content) or b"{}")
        return answer if isinstance(answer, dict) else {}

    def _answer(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        content: str = "application/json",
    ) -> bytes:
        try:
            answer = self._open(method, path, body, query=query, content=content)
            return bytes(answer.read())
        except (urllib3.exceptions.HTTPError, OSError) as problem:
            raise _silent(path, problem) from problem

    def _open(  # noqa: PLR0913 - all of what HTTP has
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        content: str = "application/json",
        patience: urllib3.Timeout = _PATIENCE,
    ) -> urllib3.BaseHTTPResponse:
        address = f"{self._configuration.host}{path}" + (f"?{urlencode(query)}" if query else "")
        answer: urllib3.BaseHTTPResponse = self._pool.request(
            method,
            address,
            body=None if body is None else json.dumps(body),
            headers=self._headers(content),
            timeout=patience,
            preload_content=False,
            retries=False,
        )
        if answer.status >= _ERROR:
            raise ApiRefusedError(answer.status, _words(answer.read()), f"{method} {path}")
        return answer

    def _headers(self, content: str) -> dict[str, str]:
        proof = self._configuration.auth_settings().values()
        headers = {one["key"]: one["value"] for one in proof if one["in"] == "header"}
        return headers | {"Accept": "application/json", "Content-Type": content}


def _events(answer: urllib3.BaseHTTPResponse, path: str) -> Iterator[Body]:
    rest = b""
    for chunk in answer.stream(amt=None):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                yield _event(json.loads(line), path)


def _event(event: Body, path: str) -> Body:
    """Give one event; an error that the stream carries in place of one is raised."""
    if event.get("type") == "ERROR":
        problem = event.get("object") or {}
        raise ApiRefusedError(int(problem.get("code") or _OUTDATED), str(problem.get("message")), path)
    return event


def _words(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, LookupError, TypeError):
        return body.decode(errors="replace").strip()[:500] or "nothing"


def _silent(path: str, problem: Exception) -> EnvironmentBrokenError:
    return EnvironmentBrokenError(
        f"the API server does not answer: {problem}", path, "check that the cluster runs and can be reached"
    )
