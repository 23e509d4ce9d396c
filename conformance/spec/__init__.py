"""SMI as data: API groups, versions, kinds, partner versions and requirements. Pure."""

from conformance.spec.groups import (
    KINDS,
    ApiGroup,
    ApiVersion,
    Kind,
    group_of,
    kind_named,
    parse_api_version,
)
from conformance.spec.partners import Bundle, bundle_for
from conformance.spec.requirements import Level, Requirement, Strength

__all__ = [
    "KINDS",
    "ApiGroup",
    "ApiVersion",
    "Bundle",
    "Kind",
    "Level",
    "Requirement",
    "Strength",
    "bundle_for",
    "group_of",
    "kind_named",
    "parse_api_version",
]
