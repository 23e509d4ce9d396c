"""Who a subject of a TrafficTarget stands for.

Spec: traffic-access, "TrafficTarget" (service accounts) and, in v1alpha4, "IdentityBinding".
"""

from conformance.model.expectation import Access
from conformance.model.topology import Workload
from conformance.oracle.policy import Binding, Policy, Subject, Target
from conformance.oracle.threeway import all_of, any_of, at_most_open, fits
from conformance.spec import ApiVersion

_CLUSTER_DOMAIN = "cluster.local"


def stands_for(policy: Policy, target: Target, subject: Subject, workload: Workload) -> Access:
    """Say whether *subject* of *target* is *workload*; a kind that the version does not know is nobody.

    A subject without a namespace is read as one of the target's own namespace. The text does not say so, so
    it is open; that it does not reach into other namespaces is certain.
    """
    namespace = subject.namespace or target.ref.namespace
    if subject.kind == "ServiceAccount":
        found = fits(holds=(namespace, subject.name) == (workload.namespace, workload.account))
    elif subject.kind == "IdentityBinding" and target.version is ApiVersion.V1ALPHA4:
        binding = policy.bindings.get((namespace, subject.name))
        found = Access.DENIED if binding is None else _binds(binding, workload)
    else:
        found = Access.DENIED
    return at_most_open(found) if subject.namespace is None else found


def _binds(binding: Binding, workload: Workload) -> Access:
    """Say whether *workload* meets any scheme; a binding never reaches into another namespace."""
    if workload.namespace != binding.ref.namespace:
        return Access.DENIED
    account = fits(holds=binding.account == workload.account)
    labels = fits(holds=bool(binding.labels) and (binding.labels or {}).items() <= workload.labels.items())
    spiffe = any_of(_spiffe_fit(identity, workload) for identity in binding.spiffe)
    if binding.account is not None and binding.labels is not None:
        # The rule says these two exclude each other, the first example of the text sets both.
        return at_most_open(any_of((all_of((account, labels)), spiffe)))
    return any_of((account, labels, spiffe))


def _spiffe_fit(identity: str, workload: Workload) -> Access:
    """Compare a SPIFFE identity, with or without its URI scheme; another trust domain may be the provider's
    own.
    """
    domain, _, path = identity.removeprefix("spiffe://").partition("/")
    if path != f"ns/{workload.namespace}/sa/{workload.account}":
        return Access.DENIED
    return Access.ALLOWED if domain == _CLUSTER_DOMAIN else Access.OPEN
