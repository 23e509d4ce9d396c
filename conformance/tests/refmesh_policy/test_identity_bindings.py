"""What the reference mesh understands of IdentityBindings."""

import pytest

from conformance.refmesh.policy import Identity, Labelled
from conformance.refmesh.reading import read_policy
from conformance.tests.doubles.smi_objects import VERSIONS, a_binding, a_group, a_target, an_account

CALLERS = an_account("callers", kind="IdentityBinding")


def sources(*bindings, version="v1alpha4"):
    policy = read_policy([a_target(version, sources=[CALLERS]), a_group(), *bindings])
    return frozenset().union(*(grant.sources for grant in policy.grants))


def test_service_account_scheme_is_an_account_of_the_bindings_namespace():
    """The account is the one named, not one named as the binding."""
    assert sources(a_binding(serviceAccount="client-b")) == {Identity("here", "client-b")}


def test_pod_label_scheme_is_all_labels_together():
    """Every listed label has to be there."""
    binding = a_binding(podLabelSelector={"matchLabels": {"tier": "web", "app": "client-a"}})
    (party,) = sources(binding)
    assert party == Labelled("here", (("app", "client-a"), ("tier", "web")))
    assert party.fits("here", {"app": "client-a", "tier": "web", "more": "x"})
    assert not party.fits("here", {"app": "client-a"})
    assert not party.fits("there", {"app": "client-a", "tier": "web"})


@pytest.mark.parametrize("prefix", ["", "spiffe://"])
def test_spiffe_scheme_is_accepted_in_both_spellings(prefix):
    """The document writes ids without spiffe://, one published webhook demands it."""
    binding = a_binding(spiffeIdentities=[f"{prefix}cluster.local/ns/here/sa/client-c"])
    assert sources(binding) == {Identity("here", "client-c")}


@pytest.mark.parametrize(
    "uri",
    [
        "cluster.local/ns/there/sa/client-c",
        "elsewhere.org/ns/here/sa/client-c",
        "cluster.local/ns/here/sa/",
        "client-c",
        "",
    ],
)
def test_spiffe_id_of_another_namespace_or_domain_is_nobody(uri):
    """A binding speaks only about workloads of its own namespace."""
    assert sources(a_binding(spiffeIdentities=[uri])) == frozenset()


def test_schemes_are_alternatives():
    """Whoever meets one scheme holds the identity."""
    binding = a_binding(serviceAccount="client-b", spiffeIdentities=["cluster.local/ns/here/sa/client-c"])
    assert sources(binding) == {Identity("here", "client-b"), Identity("here", "client-c")}


def test_account_and_labels_together_are_nobody():
    """The two schemes exclude each other, although the document's first example has both."""
    labels = {"matchLabels": {"app": "client-a"}}
    assert sources(a_binding(serviceAccount="client-b", podLabelSelector=labels)) == frozenset()


def test_empty_label_selector_is_nobody():
    """No labels are no condition to meet, and must not be everybody."""
    assert sources(a_binding(podLabelSelector={"matchLabels": {}})) == frozenset()


def test_missing_binding_does_not_fall_back_to_an_account():
    """A binding that is not there is nobody, whatever accounts there are."""
    assert sources() == frozenset()


@pytest.mark.parametrize("version", VERSIONS[:3])
def test_binding_is_no_subject_before_v1alpha4(version):
    """Earlier versions know service accounts only."""
    assert sources(a_binding(serviceAccount="client-b"), version=version) == frozenset()


def test_binding_as_destination_opens_each_holder_in_the_targets_namespace():
    """One grant for each identity that the binding stands for."""
    ids = ["cluster.local/ns/here/sa/shop", "cluster.local/ns/here/sa/bank"]
    target = a_target(destination=an_account("callers", kind="IdentityBinding"))
    policy = read_policy([target, a_group(), a_binding(spiffeIdentities=ids)])
    assert {grant.destination for grant in policy.grants} == {
        Identity("here", "shop"),
        Identity("here", "bank"),
    }
