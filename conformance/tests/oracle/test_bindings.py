"""IdentityBinding, v1alpha4."""

import pytest

from conformance.model.expectation import Access
from conformance.tests.doubles.asking import a_cell, access
from conformance.tests.doubles.small_world import a_topology, a_workload
from conformance.tests.doubles.smi import a_binding, a_group, a_target, account


def _granted(binding, source="client-a", namespace="here", version="v1alpha4"):
    subject = account("bound", namespace, kind="IdentityBinding")
    target = a_target(sources=[subject], version=version)
    return access([a_group(), binding, target], a_cell(source))


def test_account_scheme_binds_that_account_of_its_own_namespace():
    """The binding's name means nothing; its account does, and only where the binding is."""
    assert _granted(a_binding("bound", serviceAccount="client-a")) is Access.ALLOWED
    assert _granted(a_binding("bound", serviceAccount="client-b")) is Access.DENIED
    elsewhere = a_binding("bound", namespace="there", serviceAccount="client-a")
    assert _granted(elsewhere, "client-a", "there") is Access.DENIED
    assert _granted(elsewhere, "there/client-a", "there") is Access.ALLOWED


def test_binding_can_be_the_destination():
    """A bound account is opened like one that is named."""
    binding = a_binding("bound", serviceAccount="shop")
    target = a_target(destination=account("bound", kind="IdentityBinding"), version="v1alpha4")
    assert access([a_group(), binding, target]) is Access.ALLOWED
    assert access([a_group(), binding, target], a_cell(target="bank")) is Access.DENIED


def test_label_scheme_asks_for_every_label():
    """A pod with one label of two does not hold the identity."""
    both = {"matchLabels": {"app": "client-a", "role": "lookalike"}}
    assert _granted(a_binding("bound", podLabelSelector=both), "lookalike") is Access.ALLOWED
    assert _granted(a_binding("bound", podLabelSelector=both), "client-a") is Access.DENIED
    assert _granted(a_binding("bound", podLabelSelector={"matchLabels": {}}), "client-a") is Access.DENIED


@pytest.mark.parametrize("scheme", ["", "spiffe://"])
def test_spiffe_scheme_binds_workloads_of_its_namespace(scheme):
    """With or without the URI scheme; an identity of another namespace is not bound."""
    ours, theirs = (f"{scheme}cluster.local/ns/{name}/sa/client-a" for name in ("here", "there"))
    binding = a_binding("bound", spiffeIdentities=[ours, theirs])
    assert _granted(binding, "client-a") is Access.ALLOWED
    assert _granted(binding, "client-b") is Access.DENIED
    assert _granted(binding, "there/client-a") is Access.DENIED


def test_spiffe_identity_of_another_trust_domain_is_open():
    """The provider may call its own trust domain otherwise; another account is denied either way."""
    binding = a_binding("bound", spiffeIdentities=["mesh.example/ns/here/sa/client-a"])
    assert _granted(binding) is Access.OPEN
    assert _granted(binding, "client-b") is Access.DENIED


def test_schemes_are_alternatives():
    """Whoever meets one of two schemes holds the identity."""
    spiffe = ["cluster.local/ns/here/sa/client-b"]
    binding = a_binding("bound", serviceAccount="client-a", spiffeIdentities=spiffe)
    answers = [_granted(binding, source) for source in ("client-a", "client-b", "client-c")]
    assert answers == [Access.ALLOWED, Access.ALLOWED, Access.DENIED]


def test_schemes_that_exclude_each_other_bind_nobody_who_meets_one_of_them():
    """Account and labels together bind nobody for certain; who meets both is open, as in the example."""
    labels = {"matchLabels": {"app": "client-a"}}
    binding = a_binding("bound", serviceAccount="client-a", podLabelSelector=labels)
    assert _granted(binding, "client-a") is Access.OPEN
    assert _granted(binding, "lookalike") is Access.DENIED


def test_missing_binding_does_not_fall_back_to_an_account_of_its_name():
    """A like-named account, and a version without bindings, do not help."""
    world = a_topology(workloads=(a_workload("here/bound", ports=()),))
    target = a_target(sources=[account("bound", kind="IdentityBinding")], version="v1alpha4")
    assert access([a_group(), target], a_cell("bound"), world) is Access.DENIED
    assert _granted(a_binding("bound", serviceAccount="client-a"), version="v1alpha3") is Access.DENIED
