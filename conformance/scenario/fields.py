"""Which fields of a scenario's objects a bundle of API versions can write.

A field that a version lacks would be pruned by an API server, mostly in the permissive direction; so it is
found here, before anything is applied.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.model.scenario import SmiObject
from conformance.spec import Bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """A field of an object that a bundle cannot write."""

    field: str
    """As the scenario writes it, such as ``ports``."""
    what: str
    """What is wrong, in words that name the version."""
    hint: str


def lacks(one: SmiObject, bundle: Bundle) -> Iterator[Lack]:
    """List what *one* says that *bundle* has no field for, or leaves out that it demands.

    Spec:
        access.smi-spec.io: ``destination.port`` up to v1alpha2, IdentityBinding from v1alpha4; from v1alpha3
        on the schema demands rules and sources. specs.smi-spec.io: headers from v1alpha2, ports of a TCPRoute
        from v1alpha4; in v1alpha1 an entry needs path and methods. split.smi-spec.io: quantities in v1alpha1
        only, matches from v1alpha3.
    """
    match one.kind:
        case "TrafficTarget":
            yield from _of_target(one.spec, bundle)
        case "IdentityBinding" if bundle.access.ordinal < 4:  # noqa: PLR2004  # the version that brought it
            yield Lack(
                field="IdentityBinding",
                what=f"access {bundle.access.value} has no IdentityBinding",
                hint="list v1alpha4 only, or name service accounts",
            )
        case "HTTPRouteGroup":
            for entry in one.spec["matches"]:
                yield from _of_match(entry, bundle)
        case "TCPRoute" if one.spec and bundle.specs.ordinal < 4:  # noqa: PLR2004  # the version that brought it
            yield Lack(
                field="ports",
                what=f"a TCPRoute has no `ports` in specs {bundle.specs.value}",
                hint="list only versions whose partner is specs v1alpha4, or leave `ports` out",
            )
        case "TrafficSplit":
            yield from _of_split(one.spec, bundle)


def _of_target(spec: Mapping[str, Any], bundle: Bundle) -> Iterator[Lack]:
    version = bundle.access
    newer = version.ordinal >= 3  # noqa: PLR2004  # the version that dropped the port
    if newer and "port" in spec["destination"]:
        yield Lack(
            field="port",
            what=f"a TrafficTarget has no `port` in access {version.value}",
            hint="list v1alpha1 and v1alpha2 only, or name a TCPRoute with `ports`",
        )
    for field in ("rules", "sources"):
        if newer and field not in spec:
            yield Lack(
                field=field,
                what=f"access {version.value} does not accept a TrafficTarget without `{field}`",
                hint=f"write `{field}: []`, which it accepts, or list v1alpha1 and v1alpha2 only",
            )


def _of_match(entry: Mapping[str, Any], bundle: Bundle) -> Iterator[Lack]:
    if bundle.specs.ordinal > 1:
        return
    if "headers" in entry:
        yield Lack(
            field="headers",
            what=f"entry {entry['name']!r} has `headers`, which specs v1alpha1 does not know",
            hint="list v1alpha2 and newer (access: v1alpha2, split: v1alpha3), or leave the headers out",
        )
    for field in ("pathRegex", "methods"):
        if field not in entry:
            yield Lack(
                field=field,
                what=f"entry {entry['name']!r} lacks `{field}`, which specs v1alpha1 demands",
                hint='write pathRegex: ".*" or methods: ["*"]',
            )


def _of_split(spec: Mapping[str, Any], bundle: Bundle) -> Iterator[Lack]:
    version = bundle.split
    if "matches" in spec and version.ordinal < 3:  # noqa: PLR2004  # the version that brought it
        yield Lack(
            field="matches",
            what=f"a TrafficSplit has no `matches` in split {version.value}",
            hint="list v1alpha3 and v1alpha4 only",
        )
    for weight in (backend["weight"] for backend in spec["backends"]):
        if isinstance(weight, str) and version.ordinal > 1:
            yield Lack(
                field="backends",
                what=f"the weight {weight!r} is a quantity, which split {version.value} does not take",
                hint="list v1alpha1 only, or write a whole number",
            )
