"""Reads and checks provider profiles: a mistake is told with its file, its line, and what would be right."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from conformance.errors import UsageError
from conformance.model.enrolment import Enrolment
from conformance.model.scenario import ConvergenceSettings, Feature, MetricsSettings
from conformance.places import fixtures_root
from conformance.providers.checks import check_profile, duration
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
from conformance.scenario.document import Document, read_document, suggestion
from conformance.scenario.schema import check_shape
from conformance.spec import ApiVersion, Level

_SCHEMA = "provider.schema.json"


def load_profile(path: Path) -> Profile:
    """Read one profile and check it.

    Raises:
        ScenarioError: With file and line, what is wrong, and what would be right.
    """
    document = read_document(path)
    check_shape(document, _SCHEMA)
    check_profile(document)
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
        webhooks=frozenset(smi.get("webhooks", ())),
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
        metrics=_metrics(item.get("metrics", {})),
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
    spans = ("deadline", "window", "waiting_call", "measured_call")
    return ConvergenceSettings(**{one: duration(written[one]) for one in spans if one in written})


def _metrics(written: Mapping[str, Any]) -> MetricsSettings:
    return MetricsSettings(
        window=duration(written.get("window", "30s")),
        lag=duration(written.get("lag", "10s")),
        stretch=duration(written.get("stretch", "0s")),
        tolerance=Fraction(str(written.get("tolerance", 0))),
        resolution=Fraction(str(written.get("resolution", 2))),
    )


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
