"""The API groups of SMI, their versions and their kinds, as the spec's documents list them."""

from dataclasses import dataclass
from enum import Enum


class ApiGroup(Enum):
    """An API group of SMI. The value is the group's DNS name."""

    ACCESS = "access.smi-spec.io"
    SPECS = "specs.smi-spec.io"
    SPLIT = "split.smi-spec.io"
    METRICS = "metrics.smi-spec.io"


class ApiVersion(Enum):
    """A version of an API group, oldest first."""

    V1ALPHA1 = "v1alpha1"
    V1ALPHA2 = "v1alpha2"
    V1ALPHA3 = "v1alpha3"
    V1ALPHA4 = "v1alpha4"

    @property
    def ordinal(self) -> int:
        """1 for v1alpha1, and so on: what "from v1alpha3 on" is compared with."""
        return int(self.value.removeprefix("v1alpha"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of SMI object and the versions of its group that have it."""

    name: str
    plural: str
    group: ApiGroup
    versions: tuple[ApiVersion, ...]

    def api_version(self, version: ApiVersion) -> str:
        """Spell what stands in a manifest's ``apiVersion``."""
        return f"{self.group.value}/{version.value}"


_ALL = tuple(ApiVersion)

KINDS: tuple[Kind, ...] = (
    Kind(name="TrafficTarget", plural="traffictargets", group=ApiGroup.ACCESS, versions=_ALL),
    Kind(name="IdentityBinding", plural="identitybindings", group=ApiGroup.ACCESS, versions=_ALL[3:]),
    Kind(name="HTTPRouteGroup", plural="httproutegroups", group=ApiGroup.SPECS, versions=_ALL),
    Kind(name="TCPRoute", plural="tcproutes", group=ApiGroup.SPECS, versions=_ALL),
    Kind(name="UDPRoute", plural="udproutes", group=ApiGroup.SPECS, versions=_ALL[3:]),
    Kind(name="TrafficSplit", plural="trafficsplits", group=ApiGroup.SPLIT, versions=_ALL),
)
"""Every kind that is stored as an object. Source: the API documents of smi-spec, and its released versions."""

_BY_NAME = {kind.name: kind for kind in KINDS}


def kind_named(name: str) -> Kind | None:
    """Find the SMI kind called *name*; None when SMI has no such kind."""
    return _BY_NAME.get(name)


def group_of(name: str) -> ApiGroup | None:
    """Find the API group that has the kind *name*; None when SMI has no such kind."""
    kind = _BY_NAME.get(name)
    return kind.group if kind else None


def parse_api_version(text: str) -> tuple[ApiGroup, ApiVersion] | None:
    """Take ``access.smi-spec.io/v1alpha3`` apart; None when it is not SMI's."""
    group, _, version = text.partition("/")
    try:
        return ApiGroup(group), ApiVersion(version)
    except ValueError:
        return None
