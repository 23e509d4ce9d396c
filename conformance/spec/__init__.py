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
from conformance.spec.measured import (
    FAILURE_COUNT,
    LATENCIES,
    MEASURED_RESOURCES,
    METRIC_NAMES,
    SUCCESS_COUNT,
    MeasuredResource,
    measured_kind,
    measured_resource,
)
from conformance.spec.partners import Bundle, bundle_for
from conformance.spec.requirements import Level, Requirement, Strength

__all__ = [
    "FAILURE_COUNT",
    "KINDS",
    "LATENCIES",
    "MEASURED_RESOURCES",
    "METRIC_NAMES",
    "SUCCESS_COUNT",
    "ApiGroup",
    "ApiVersion",
    "Bundle",
    "Kind",
    "Level",
    "MeasuredResource",
    "Requirement",
    "Strength",
    "bundle_for",
    "group_of",
    "kind_named",
    "measured_kind",
    "measured_resource",
    "parse_api_version",
]
