"""What must hold of a whole profile, beyond the shape that its schema gives it."""

import re
from datetime import timedelta
from functools import cache
from string import Formatter

from conformance.places import scenarios_root
from conformance.providers.profile import Role
from conformance.scenario import load_requirements
from conformance.scenario.document import Document, suggestion
from conformance.spec import ApiVersion, kind_named

_PLACEHOLDERS = frozenset({"service", "namespace"})
_UNPINNED = re.compile(r":latest\b|/(?:master|main)/")
_JOINING = ("namespace_labels", "namespace_annotations", "pod_labels", "pod_annotations")
_PLAIN_HOST = re.compile(r"\{service\}\.\{namespace\}(?:\.svc(?:\..+)?)?")
_CHART = re.compile(r"\bhelm\b.*\b(?:install|upgrade)\b")


def check_profile(document: Document) -> None:
    """See that a profile whose shape is right makes sense.

    Raises:
        ScenarioError: With file and line, what is wrong, and what would be right.
    """
    _check_name(document)
    _check_kinds(document)
    _check_steps(document)
    _check_host(document)
    _check_way_in(document)
    _check_times(document)
    _check_deviations(document)


def _check_name(document: Document) -> None:
    name = document.value["name"]
    if name != document.path.stem:
        raise document.mistake(
            ("name",),
            f"the name {name!r} is not the file's",
            f"write {document.path.stem!r}, or rename the file",
        )


def _check_kinds(document: Document) -> None:
    kinds = document.value["smi"]["kinds"]
    if document.value["role"] == Role.WRITER.value and kinds:
        raise document.mistake(
            ("smi", "kinds"), "a writer acts on no SMI object", "write {}, or say role: mesh or adapter"
        )
    for name, versions in kinds.items():
        kind = kind_named(name)
        assert kind is not None  # the schema lets no other in
        for position, version in enumerate(versions):
            if ApiVersion(version) not in kind.versions:
                known = ", ".join(one.value for one in kind.versions)
                raise document.mistake(
                    ("smi", "kinds", name, position), f"there is no {name} in {version}", f"it is in {known}"
                )


def _check_steps(document: Document) -> None:
    for group in ("steps", "remove"):
        for position, step in enumerate(document.value["install"][group]):
            place = ("install", group, position, "run")
            if _UNPINNED.search(step["run"]):
                raise document.mistake(
                    place, f"{step['name']!r} takes whatever is newest", "name a tag or a commit"
                )
            if _CHART.search(step["run"]) and "--version" not in step["run"]:
                raise document.mistake(place, f"{step['name']!r} pins no version", "add --version")


def _check_host(document: Document) -> None:
    text, place = document.value["address"]["service"], ("address", "service")
    try:
        found = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError as error:
        raise document.mistake(place, f"{text!r} is no template: {error}", "close every brace") from error
    if found != _PLACEHOLDERS:
        raise document.mistake(
            place,
            f"{text!r} does not name exactly a Service and its namespace",
            "write {service} and {namespace}, such as {service}.{namespace}.svc.cluster.local",
        )


def _check_way_in(document: Document) -> None:
    """A profile that leads no call through the mesh would have the suite judge the bare cluster."""
    if document.value["role"] == Role.WRITER.value:
        return
    join = document.value["join"]
    ways = (*_JOINING, "joined")
    if any(join[way] for way in ways) or not _PLAIN_HOST.fullmatch(document.value["address"]["service"]):
        return
    raise document.mistake(
        ("join",),
        "nothing here leads a call through the mesh: no label or annotation, no sign that a pod joined, plain hosts",
        "say how pods join, or what shows that they have, or by which other host callers reach a Service",
    )


def _check_times(document: Document) -> None:
    settings = document.value["convergence"]
    if duration(settings["window"]) >= duration(settings["deadline"]):
        raise document.mistake(
            ("convergence", "window"),
            f"the window {settings['window']} is not shorter than the deadline {settings['deadline']}",
            "answers have to agree for a part of the time that a change may take",
        )


def _check_deviations(document: Document) -> None:
    for at, one in enumerate(document.value["deviations"]):
        for position, name in enumerate(one["requirements"]):
            if name not in _requirements():
                raise document.mistake(
                    ("deviations", at, "requirements", position),
                    f"there is no requirement {name!r}",
                    suggestion(name, tuple(_requirements()), "requirements"),
                )


@cache
def _requirements() -> frozenset[str]:
    return frozenset(load_requirements(scenarios_root()))


def duration(text: str) -> timedelta:
    """Read a length of time such as ``60s`` or ``500ms``."""
    if text.endswith("ms"):
        return timedelta(milliseconds=int(text.removesuffix("ms")))
    return timedelta(seconds=int(text.removesuffix("s")))
