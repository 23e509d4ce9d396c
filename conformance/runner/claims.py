"""Which scenarios a provider claims: the others are UNSUPPORTED, and nothing is sent for them."""

from conformance.model.scenario import Scenario
from conformance.providers.protocol import Provider
from conformance.scenario import unwritable
from conformance.spec import ApiGroup, ApiVersion, Bundle, Level, group_of


def why_unsupported(
    scenario: Scenario, version: ApiVersion, bundle: Bundle | None, provider: Provider
) -> str:
    """Say why nothing can be asked of *provider*; empty when the scenario can be played.

    Args:
        scenario: What is to be played.
        version: The version of its group that is under test.
        bundle: What would be written; None when *version* is not served.
        provider: Whose claims decide.
    """
    if bundle is None and scenario.group is ApiGroup.METRICS:
        return f"{provider.name} serves no metrics API: {provider.looked_for_metrics}"
    if bundle is None:
        return f"{provider.name} does not serve {scenario.group.value}/{version.value}"
    lacking = [need.value for need in scenario.needs if need not in provider.features]
    if lacking:
        return f"{provider.name} does not claim {', '.join(lacking)}"
    if scenario.level is Level.SHOULD and Level.SHOULD not in provider.levels:
        return f"{provider.name} is held to what a mesh must do; {scenario.shows[0]} is what it should"
    return _unserved(scenario, provider) or "; ".join(unwritable(scenario, bundle))


def _unserved(scenario: Scenario, provider: Provider) -> str:
    """Name what the scenario cannot do without and the provider does not serve in any version."""
    served, kinds = provider.served(), provider.kinds()
    for step in scenario.steps:
        for one in step.apply:
            group = group_of(one.kind)
            if group is not None and not served.get(group):
                return f"{provider.name} does not serve {group.value}, which has the scenario's {one.kind} {one.name}"
            if group is not None and not kinds.get(one.kind):
                return f"{provider.name} does not serve the kind of the scenario's {one.kind} {one.name}"
    if scenario.group is ApiGroup.ACCESS and not served.get(ApiGroup.SPECS):
        # A grant names routes. Without them nothing can be granted, so that no refusal has its control.
        return f"{provider.name} does not serve {ApiGroup.SPECS.value}, which has the routes that grants name"
    return ""
