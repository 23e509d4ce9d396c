"""What an HTTPRouteGroup's entries fit.

Spec: traffic-specs, "HTTPRouteGroup". Conditions within an entry all have to fit; entries are alternatives.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from conformance.model.expectation import Access
from conformance.model.traffic import HttpRequest
from conformance.oracle.headers import header_fit, host_fit
from conformance.oracle.paths import path_fit
from conformance.oracle.policy import HttpMatch
from conformance.oracle.threeway import agreed, all_of, any_of, at_most_open, fits

_METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An HTTP request with the name it goes to."""

    request: HttpRequest
    hosts: tuple[str, ...]
    """Spellings of the authority; empty when it is not known."""


def entry_fit(entry: HttpMatch, sent: Sent) -> Access:
    """Say whether *sent* meets every condition of *entry*."""
    if entry.broken:
        return Access.DENIED
    found = all_of(
        (_path_condition(entry, sent), _method_condition(entry, sent), headers_condition(entry, sent))
    )
    return at_most_open(found) if entry.incomplete else found


def _path_condition(entry: HttpMatch, sent: Sent) -> Access:
    return Access.ALLOWED if entry.path is None else path_fit(entry.path, sent.request.path)


def _method_condition(entry: HttpMatch, sent: Sent) -> Access:
    """Compare methods to the letter; a value that the schema does not know stands for no method."""
    if not entry.methods or "*" in entry.methods:
        return Access.ALLOWED
    return fits(holds=sent.request.method in _METHODS.intersection(entry.methods))


def headers_condition(entry: HttpMatch, sent: Sent) -> Access:
    """Say whether *sent* carries every header that *entry* asks for; names compare without regard to case."""
    return all_of(_one_header(name, pattern, sent) for name, pattern in entry.headers)


def _one_header(name: str, pattern: str, sent: Sent) -> Access:
    values = [value for header, value in sent.request.headers if header.lower() == name]
    if name == "host":
        return host_fit(pattern, values or sent.hosts)
    return header_fit(pattern, values)


def entries_fit(entries: Iterable[HttpMatch], sent: Sent) -> Access:
    """Say whether *sent* fits any of *entries*.

    The name is an entry's "primary key"; where two entries carry one name, the text does not say which is
    meant, so only what all of them fit is certain.
    """
    by_name: dict[str, list[Access]] = {}
    for entry in entries:
        by_name.setdefault(entry.name, []).append(entry_fit(entry, sent))
    return any_of(agreed(answers) for answers in by_name.values())
