"""A door to the embedded cluster's API from outside this process: for kubectl, curl, and ``smi-conformance top``.

It listens on this machine's loopback address only, and whoever comes in is the suite itself, who may read everything
that a mesh serves. It leads to plain requests (`call_api`), not to the objects: these are the suite's.
"""

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import yaml

from conformance.cluster.embedded.api_front import json_answer
from conformance.model.api import ApiAnswer, ApiRequest

_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_LONGEST_BODY = 1_000_000
"""Unit: bytes."""


class ApiDoor:
    """Open from construction until `close`."""

    def __init__(self, call_api: Callable[[ApiRequest], ApiAnswer]) -> None:
        """Open it, on a port that is free."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(call_api))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1})
        self._thread.start()

    @property
    def address(self) -> str:
        """Where it is, such as ``http://127.0.0.1:40123``."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def write_kubeconfig(self, path: Path, name: str, namespace: str) -> None:
        """Write a kubeconfig that leads here, with one context.

        Args:
            path: The file; it is replaced.
            name: Of the context.
            namespace: Which one the context is in.
        """
        context = {"cluster": name, "user": name, "namespace": namespace}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [{"name": name, "cluster": {"server": self.address}}],
            "users": [{"name": name, "user": {}}],
            "contexts": [{"name": name, "context": context}],
        }
        path.write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")

    def close(self) -> None:
        """Shut it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _handler(call_api: Callable[[ApiRequest], ApiAnswer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            request = self._request()
            answer = _own(request) or call_api(request)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else answer.body)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815  as the library calls them

        def log_message(self, *_: object) -> None:
            """Say nothing: this is a tool, not a service."""

        def _request(self) -> ApiRequest:
            parts = urlsplit(self.path)
            query = tuple(parse_qsl(parts.query, keep_blank_values=True))
            size = min(int(self.headers.get("content-length") or 0), _LONGEST_BODY)
            body = _json_object(self.rfile.read(size))
            return ApiRequest(path=parts.path, method=self.command, query=query, body=body)

    return Handler


def _own(request: ApiRequest) -> ApiAnswer | None:
    """Answer what every client asks first: which version this is, and whether it may do something."""
    if request.path == "/version":
        return json_answer(200, {"gitVersion": "embedded", "major": "1", "minor": "30"})
    if request.path == _REVIEWS and request.method == "POST":
        return json_answer(201, {**(request.body or {}), "status": {"allowed": True}})
    return None


def _json_object(text: bytes) -> Mapping[str, Any] | None:
    try:
        said = json.loads(text)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None
