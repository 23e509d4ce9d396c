"""Which requests a split's ``matches`` select.

Spec: traffic-split v1alpha3 and v1alpha4, "A/B testing": the groups are merged, and a request that fits any
entry goes to the backends; all others are handled by the root as if there were no split.
"""

from conformance.model.expectation import Access
from conformance.oracle.policy import HttpMatch, Policy, Split
from conformance.oracle.routes import Sent, entry_fit, headers_condition
from conformance.oracle.threeway import agreed, any_of, at_most_open


def selects(policy: Policy, split: Split, sent: Sent) -> Access:
    """Say whether *split*, which has a list of matches, moves *sent*.

    An empty list is open. A group that does not exist selects nothing; what its mesh makes of the groups
    beside it is open. The split's text speaks of header filters, so a provider that looks at nothing else
    is within it.
    """
    if not split.matches:
        return Access.OPEN
    keys = [(split.ref.namespace, rule.name) for rule in split.matches if rule.kind == "HTTPRouteGroup"]
    groups = [policy.groups[key] for key in keys if key in policy.groups]
    entries = [entry for group in groups for entry in group.matches]
    found = any_of(_selected_by(entry, sent) for entry in entries)
    sound = len(groups) == len(split.matches) and not any(entry.broken for entry in entries)
    return found if sound else at_most_open(found)


def _selected_by(entry: HttpMatch, sent: Sent) -> Access:
    if entry.broken or not entry.headers:
        return entry_fit(entry, sent)
    return agreed((entry_fit(entry, sent), headers_condition(entry, sent)))
