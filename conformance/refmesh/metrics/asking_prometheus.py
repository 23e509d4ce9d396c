"""Asks a Prometheus over its HTTP API: one question, in a limited time, with an answer of limited size."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

import requests

from conformance.errors import UsageError
from conformance.refmesh.metrics.scraped import Row
from conformance.refmesh.metrics.source import SilentSourceError

_WORDS = 300  # characters of somebody else's error message that are passed on
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingSettings:
    """How a Prometheus is asked."""

    connecting: float = 2.0
    """Seconds until it has to take the connection. A guess."""
    answering: float = 20.0
    """Seconds that a whole answer may take. A guess: three of them end before Kubernetes' API server gives up."""
    most_bytes: int = 256 << 20
    """Size of an answer, unpacked. 1,000 pods with ten peers each have some 70 MB."""


def prometheus_address(url: str) -> SplitResult:
    """Take the address of a Prometheus apart.

    Raises:
        UsageError: It is none that can be asked.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(
            f"{url!r} is no address of a Prometheus",
            "the source of metrics",
            "write it like http://prometheus.monitoring:9090",
        )
    return parts


class PrometheusApi:
    """The HTTP API of one Prometheus. One thread at a time.

    Args:
        url: Where it is, with the path that its API is below; may hold a user and a password.
        settings: How it is asked.

    Raises:
        UsageError: The URL is none that can be asked.
    """

    def __init__(self, url: str, settings: AskingSettings | None = None) -> None:
        parts = prometheus_address(url)
        self._url = url.rstrip("/") + "/api/v1/query"
        self._settings = settings or AskingSettings()
        self._session = requests.Session()
        self.where = f"Prometheus at {parts._replace(netloc=parts.netloc.rpartition('@')[2]).geturl()}"
        """Says where it is, without the password."""

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    def query(self, promql: str, at: datetime | None = None) -> Sequence[Row]:
        """Ask for the value of an expression at one moment; None is now, by Prometheus' clock.

        Raises:
            SilentSourceError: It gives no answer, or one that is not whole.
        """
        asked = {"query": promql, "timeout": f"{self._settings.answering:g}s"}
        if at is not None:
            asked["time"] = f"{at.timestamp():.3f}"
        try:
            status, text = self._get(asked)
        except (requests.RequestException, OSError) as problem:
            raise self._silent(f"does not answer: {_root(problem)}", "see that it runs there") from problem
        return self._rows(status, text)

    def _get(self, asked: dict[str, str]) -> tuple[int, bytes]:
        settings, found = self._settings, bytearray()
        deadline = time.monotonic() + settings.connecting + settings.answering
        patience = (settings.connecting, settings.answering)
        # Another address is not asked: whoever wrote this one may not mean that.
        with self._session.get(
            self._url, params=asked, timeout=patience, stream=True, allow_redirects=False
        ) as answer:
            for chunk in answer.iter_content(_CHUNK):
                found += chunk
                if len(found) > settings.most_bytes:
                    limit = f"answers with more than {settings.most_bytes >> 20} MiB"
                    raise self._silent(limit, "have it scrape fewer sidecars, or ask for fewer pods")
                if time.monotonic() > deadline:
                    raise self._silent(f"takes longer than {settings.answering:g} s", "give it more room")
            return answer.status_code, bytes(found)

    def _rows(self, status: int, text: bytes) -> Sequence[Row]:
        try:
            answer = json.loads(text)
            if answer["status"] == "error":
                words = f"refuses the question: {answer['errorType']}: {str(answer['error'])[:_WORDS]}"
                raise self._silent(words, "see what its log says")
            if answer.get("warnings"):
                words = f"answers only in part: {str(answer['warnings'])[:_WORDS]}"
                raise self._silent(words, "see what its log says")
            rows: Sequence[Row] = answer["data"]["result"]
        except (ValueError, LookupError, TypeError) as problem:
            words = f"answers {status}, and not as a Prometheus does: {text[:80]!r}"
            raise self._silent(words, "name the address that its API is below") from problem
        return rows

    def _silent(self, what: str, hint: str) -> SilentSourceError:
        return SilentSourceError(f"the source of metrics {what}", self.where, hint)


def _root(problem: BaseException) -> Any:
    """Find what it was in the end: what is above repeats the whole question."""
    while problem.__context__ is not None:
        problem = problem.__context__
    return problem
