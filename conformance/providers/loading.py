"""Reads and checks provider profiles: a mistake is told with its file, its line, and what would be right."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from conformance.errors import UsageError
from conformance.model.enrolment import Enrolment
from conformance.model.scenario import ConvergenceSettings, Feature
from conformance.places import fixtures_root, scenarios_root
from conformance.providers.profile import (
    InstallStep,
    JoinedBy,
    KnownDeviation,
    MeshWorkload,
    Profile,
    ProxyConfiguration,
    RefusalLook,
    Role,
    Signs,
)
from conformance.scenario import load_requirements
from conformance.scenario.document import Document, read_document, suggestion
from conformance.scenario.schema import check_shape
from conformance.spec import ApiVersion, Level, kind_named

_SCHEMA = "provider.schema.json"
_PLACEHOLDERS = frozenset({"service", "namespace"})
_UNPINNED = re.compile(r":latest\b|/(?:master|main)/")
_JOINING = ("namespace_labels", "namespace_annotations", "pod_labels", "pod_annotations")
_PLAIN_HOST = re.compile(r"\{service\}\.\{namespace\}(?:\.svc(?:\..+)?)?")
_CHART = re.compile(r"\bhelm\b.*\b(?:install|upgrade)\b")


def load_profile(path: Path) -> Profile:
    """Read one profile and check it.

    Raises:
        ScenarioError: With file and line, what is wrong, and what would be right.
    """
    document = read_document(path)
    check_shape(document, _SCHEMA)
    _check(document)
    return _profile(document)


def find_profile(name_or_path: str) -> Profile:
    """Read the shipped profile of that name, or the file at that path.

    Args:
        name_or_path: Such as ``osm``, or ``./my-mesh.yaml``: what has a slash or ends in .yaml is a path.

    Raises:
        UsageError: No such profile.
        ScenarioError: It cannot be read.
    """
    path = Path(name_or_path)
    if path.suffix in {".yaml", ".yml"} or len(path.parts) > 1:
        if not path.is_file():
            raise UsageError(
                f"there is no profile {name_or_path!r}", str(path.absolute()), "name a file that is there"
            )
        return load_profile(path)
    shipped = {one.stem: one for one in _shipped()}
    if name_or_path not in shipped:
        raise UsageError(
            f"there is no provider {name_or_path!r}",
            str(fixtures_root() / "providers"),
            f"{suggestion(name_or_path, tuple(shipped), 'providers')}; a file of your own is named by its path",
        )
    return load_profile(shipped[name_or_path])


def profiles() -> tuple[Profile, ...]:
    """Read all shipped profiles, in the order of their names.

    Raises:
        ScenarioError: One of them is wrong.
    """
    return tuple(load_profile(path) for path in _shipped())


def _shipped() -> tuple[Path, ...]:
    return tuple(sorted((fixtures_root() / "providers").glob("*.yaml")))


def _check(document: Document) -> None:
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
    if _duration(settings["window"]) >= _duration(settings["deadline"]):
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


def _profile(document: Document) -> Profile:
    item = document.value
    smi, install, deny = item["smi"], item["install"], item["deny"]
    return Profile(
        name=item["name"],
        title=item["title"],
        release=item["release"],
        role=Role(item["role"]),
        summary=item["summary"].strip(),
        withheld=item.get("withheld", "").strip(),
        was_run=tuple(item["tried"]["run"]),
        signs=Signs(images=tuple(item["detect"]["images"]), workloads=tuple(item["detect"]["workloads"])),
        kinds={name: _versions(written) for name, written in smi["kinds"].items()},
        headers_shape=smi["headers_shape"],
        root_service=tuple(smi["root_service"]),
        install=tuple(_steps(install["steps"])),
        remove=tuple(_steps(install["remove"])),
        hazards=tuple(install["hazards"]),
        needs_running=tuple(_workload(text) for text in item["ready"]["workloads"]),
        enrolment=_enrolment(item["join"]),
        joined_by=JoinedBy(**item["join"]["joined"]),
        ports_declared_by=tuple(item["ports"]["declared_by"]),
        ships_denying=deny["ships"] == "deny",
        deny_switch=deny["switch"].strip(),
        service_host=item["address"]["service"],
        refusal=_refusal(item["refusal"]),
        features=frozenset(Feature(one) for one in item["claims"]["features"]),
        levels=frozenset(Level(one) for one in item["claims"]["levels"]),
        convergence=_convergence(item["convergence"]),
        proxy_configuration=_configuration(item["evidence"]),
        deviations=tuple(_deviation(one) for one in item["deviations"]),
        path=document.path,
    )


def _versions(written: list[str]) -> tuple[ApiVersion, ...]:
    return tuple(ApiVersion(one) for one in sorted(written))


def _steps(written: list[Mapping[str, str]]) -> Iterator[InstallStep]:
    for one in written:
        yield InstallStep(name=one["name"], run=one["run"].strip())


def _workload(text: str) -> MeshWorkload:
    kind, _, key = text.partition(" ")
    namespace, _, name = key.partition("/")
    return MeshWorkload(kind=kind, namespace=namespace, name=name)


def _enrolment(join: Mapping[str, Any]) -> Enrolment:
    return Enrolment(
        namespace_labels=join["namespace_labels"],
        namespace_annotations=join["namespace_annotations"],
        pod_labels=join["pod_labels"],
        pod_annotations=join["pod_annotations"],
    )


def _refusal(written: Mapping[str, Any]) -> RefusalLook:
    return RefusalLook(side=written["side"], http=tuple(written["http"]), tcp=tuple(written["tcp"]))


def _convergence(written: Mapping[str, str]) -> ConvergenceSettings:
    return ConvergenceSettings(deadline=_duration(written["deadline"]), window=_duration(written["window"]))


def _duration(text: str) -> timedelta:
    if text.endswith("ms"):
        return timedelta(milliseconds=int(text.removesuffix("ms")))
    return timedelta(seconds=int(text.removesuffix("s")))


def _configuration(written: Mapping[str, Any]) -> ProxyConfiguration:
    return ProxyConfiguration(
        how=written["how"].strip(),
        container=written.get("container", ""),
        port=written.get("port", 0),
        path=written.get("path", ""),
    )


def _deviation(written: Mapping[str, Any]) -> KnownDeviation:
    return KnownDeviation(
        what=written["what"].strip(), requirements=tuple(written["requirements"]), link=written["link"]
    )
