"""Which versions of the API groups belong together.

Source: the compatibility lines of each document, and SPEC_LATEST_STABLE at the tags v0.4.0, v0.5.0 and v0.6.0.
Split v1alpha1 and v1alpha2 name no partner; they are given the oldest release that had them. Metrics names none
either; it has one version, which every release since has beside the newest of the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from conformance.spec.groups import ApiGroup, ApiVersion

_V1, _V2, _V3, _V4 = ApiVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """One version of each group, used together in one run of a scenario."""

    access: ApiVersion
    specs: ApiVersion
    split: ApiVersion

    def version_of(self, group: ApiGroup) -> ApiVersion:
        """Say which version of *group* this bundle writes.

        Raises:
            KeyError: The group has no stored objects (metrics).
        """
        return {ApiGroup.ACCESS: self.access, ApiGroup.SPECS: self.specs, ApiGroup.SPLIT: self.split}[group]


_PARTNERS: Mapping[tuple[ApiGroup, ApiVersion], Bundle] = {
    (ApiGroup.ACCESS, _V1): Bundle(access=_V1, specs=_V1, split=_V1),
    (ApiGroup.ACCESS, _V2): Bundle(access=_V2, specs=_V3, split=_V3),
    (ApiGroup.ACCESS, _V3): Bundle(access=_V3, specs=_V4, split=_V4),
    (ApiGroup.ACCESS, _V4): Bundle(access=_V4, specs=_V4, split=_V4),
    (ApiGroup.SPECS, _V1): Bundle(access=_V1, specs=_V1, split=_V1),
    (ApiGroup.SPECS, _V2): Bundle(access=_V1, specs=_V2, split=_V3),
    (ApiGroup.SPECS, _V3): Bundle(access=_V2, specs=_V3, split=_V3),
    (ApiGroup.SPECS, _V4): Bundle(access=_V3, specs=_V4, split=_V4),
    (ApiGroup.SPLIT, _V1): Bundle(access=_V1, specs=_V1, split=_V1),
    (ApiGroup.SPLIT, _V2): Bundle(access=_V1, specs=_V1, split=_V2),
    (ApiGroup.SPLIT, _V3): Bundle(access=_V2, specs=_V3, split=_V3),
    (ApiGroup.SPLIT, _V4): Bundle(access=_V3, specs=_V4, split=_V4),
    (ApiGroup.METRICS, _V1): Bundle(access=_V4, specs=_V4, split=_V4),
}


def bundle_for(
    group: ApiGroup, version: ApiVersion, served: Mapping[ApiGroup, tuple[ApiVersion, ...]]
) -> Bundle | None:
    """Choose the versions to write when *version* of *group* is under test.

    Args:
        group: The group a scenario is about.
        version: The version of it to be judged.
        served: What the provider serves, per group. A group that is missing or empty is not served.

    Returns:
        The partner versions the documents name, or the newest served one where a partner is not served (Open
        Service Mesh serves access v1alpha3 with split v1alpha2); None when *version* itself is not served.
        A group that is not served at all keeps its stated partner: whoever needs it asks `served` first.
    """
    if version not in served.get(group, ()):
        return None
    stated = _PARTNERS[group, version]

    def pick(partner: ApiGroup) -> ApiVersion:
        wanted = stated.version_of(partner)
        offered = served.get(partner, ())
        if wanted in offered or not offered:
            return wanted
        return max(offered, key=lambda one: one.ordinal)

    return Bundle(access=pick(ApiGroup.ACCESS), specs=pick(ApiGroup.SPECS), split=pick(ApiGroup.SPLIT))
