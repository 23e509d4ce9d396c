"""Meshes that compare requests with route entries wrongly."""

import re
from collections.abc import Iterable
from dataclasses import replace

from conformance.refmesh.faults.fault import Fault, Situation, Snapshots
from conformance.refmesh.faults.resources import Json, each_sidecar, rewritten, with_http_rules
from conformance.refmesh.faults.understood import each_match
from conformance.refmesh.policy import HttpMatch

# Characters that mean something in a regular expression; a mesh that compares literally takes them as they
# are.
_SPECIAL = r"\.+*?()|[]{}^$"


_ALTERNATIVE = re.compile(r"\|(?![^(\[]*[)\]])")
"""A bar that stands in no group and no class."""


def _literal(pattern: str) -> str:
    return "".join(f"\\{one}" if one in _SPECIAL else one for one in pattern)


def _any_path(match: HttpMatch) -> Iterable[HttpMatch]:
    yield replace(match, path=None)


def _any_method(match: HttpMatch) -> Iterable[HttpMatch]:
    yield replace(match, methods=None)


def _any_headers(match: HttpMatch) -> Iterable[HttpMatch]:
    yield replace(match, headers=())


def _literal_prefix(match: HttpMatch) -> Iterable[HttpMatch]:
    everything = {None, ".*", "/.*"}  # such a mesh knows this much
    yield match if match.path in everything else replace(match, path=_literal((match.path or "").strip("^$")))


def _anywhere(match: HttpMatch) -> Iterable[HttpMatch]:
    yield match if match.path is None else replace(match, path=f".*(?:{match.path})")


def _first_alternative(match: HttpMatch) -> Iterable[HttpMatch]:
    """Put ``^`` before the pattern's text, where it binds to the first alternative only."""
    first, *others = _ALTERNATIVE.split(match.path or "")
    loose = "|".join([first, *(f".*(?:{one})" for one in others)])
    yield replace(match, path=loose) if others else match


def _any_case(match: HttpMatch) -> Iterable[HttpMatch]:
    yield match if match.path is None else replace(match, path=f"(?i:{match.path})")


def _first_method(match: HttpMatch) -> Iterable[HttpMatch]:
    # The order in which methods are listed does not survive reading; the alphabet's first stands for it.
    yield match if match.methods is None else replace(match, methods=frozenset(sorted(match.methods)[:1]))


def _get_brings_friends(match: HttpMatch) -> Iterable[HttpMatch]:
    rides = match.methods is not None and "GET" in match.methods
    yield replace(match, methods=(match.methods or frozenset()) | {"HEAD", "OPTIONS"}) if rides else match


def _one_header_each(match: HttpMatch) -> Iterable[HttpMatch]:
    for header in match.headers:
        yield replace(match, headers=(header,))
    if not match.headers:
        yield match


def _one_condition_each(match: HttpMatch) -> Iterable[HttpMatch]:
    nothing = HttpMatch()
    parts = {
        replace(nothing, path=match.path),
        replace(nothing, methods=match.methods),
        replace(nothing, headers=match.headers),
    }
    yield from sorted(parts - {nothing}, key=repr) or [nothing]


def _literal_headers(match: HttpMatch) -> Iterable[HttpMatch]:
    yield replace(match, headers=tuple((name, _literal(pattern)) for name, pattern in match.headers))


def _header_names_only(match: HttpMatch) -> Iterable[HttpMatch]:
    yield replace(match, headers=tuple((name, ".*") for name, _ in match.headers))


def _any_case_of_value(match: HttpMatch) -> Iterable[HttpMatch]:
    yield replace(match, headers=tuple((name, f"(?i:{pattern})") for name, pattern in match.headers))


def _last_header(match: HttpMatch) -> Iterable[HttpMatch]:
    yield replace(match, headers=match.headers[-1:])


def _absent_header_fits(snapshots: Snapshots, situation: Situation) -> Snapshots:
    del situation

    def lenient(node: Json) -> Json:
        header = node.get("header", {})
        if not isinstance(header, dict) or header.get("name", ":").startswith(":"):
            return node
        absent = {"not_rule": {"header": {"name": header["name"], "present_match": True}}}
        return {"or_rules": {"rules": [node, absent]}}

    return each_sidecar(
        snapshots, lambda one: with_http_rules(one, lambda rules: dict(rewritten(rules, lenient)))
    )


FAULTS = (
    Fault(
        name="ignores-path",
        says="Paths are not compared: a granted entry covers every path.",
        policy=each_match(_any_path),
    ),
    Fault(
        name="ignores-methods",
        says="Methods are not compared: a granted entry covers every method.",
        policy=each_match(_any_method),
    ),
    Fault(
        name="ignores-headers",
        says="Header filters are not compared: an entry fits whatever headers a request has.",
        policy=each_match(_any_headers),
    ),
    Fault(
        name="any-header-suffices",
        says="An entry with several header filters fits when one of them does.",
        policy=each_match(_one_header_each),
    ),
    Fault(
        name="any-condition-suffices",
        says="An entry fits when its path, its methods or its headers do, instead of all of them.",
        policy=each_match(_one_condition_each),
    ),
    Fault(
        name="prefix-instead-of-regex",
        says="A pathRegex is compared as a literal prefix.",
        policy=each_match(_literal_prefix),
    ),
    Fault(
        name="unanchored-path",
        says="A pathRegex is searched for anywhere in the path instead of from its start.",
        policy=each_match(_anywhere),
    ),
    Fault(
        name="ignores-path-case",
        says="Paths are compared without regard to case.",
        policy=each_match(_any_case),
    ),
    Fault(
        name="anchors-first-alternative",
        says="Of a pathRegex with alternatives only the first is held to the start of the path.",
        policy=each_match(_first_alternative),
    ),
    Fault(
        name="first-method-only",
        says="Only one of an entry's methods is known.",
        policy=each_match(_first_method),
    ),
    Fault(
        name="get-includes-head",
        says="An entry with GET also covers HEAD and OPTIONS.",
        policy=each_match(_get_brings_friends),
    ),
    Fault(
        name="literal-header-values",
        says="A header's pattern is compared as a literal value.",
        policy=each_match(_literal_headers),
    ),
    Fault(
        name="header-name-suffices",
        says="A header filter fits as soon as the header is there, whatever its value.",
        policy=each_match(_header_names_only),
    ),
    Fault(
        name="absent-header-fits",
        says="A request without the header passes an entry that asks for it.",
        snapshots=_absent_header_fits,
    ),
    Fault(
        name="ignores-header-value-case",
        says="Values of headers are compared without regard to case.",
        policy=each_match(_any_case_of_value),
    ),
    Fault(
        name="last-header-only",
        says="Of an entry's header filters only the last is kept.",
        policy=each_match(_last_header),
    ),
)
