"""Objects of all versions side by side, and what is no SMI object at all."""

import pytest

from conformance.refmesh.policy import Policy
from conformance.refmesh.reading import read_policy
from conformance.tests.doubles.smi_objects import VERSIONS, a_group, a_split, a_target


@pytest.mark.parametrize("routes", VERSIONS)
@pytest.mark.parametrize("target", VERSIONS)
def test_target_of_one_version_uses_routes_of_another(target, routes):
    """Each object says its own version; a target does not care in which its routes are written."""
    policy = read_policy([a_target(target), a_group(routes)])
    assert policy == read_policy([a_target(), a_group()])


@pytest.mark.parametrize(
    "api_version",
    ["v1", "access.smi-spec.io/v1alpha5", "split.smi-spec.io/v1alpha4", "example.org/v1alpha4", None],
)
def test_object_of_another_group_or_version_is_passed_over(api_version):
    """Only what SMI defines is read."""
    assert read_policy([{**a_target(), "apiVersion": api_version}, a_group()]) == Policy()


def test_routes_alone_change_nothing():
    """Route objects only describe traffic until a target or split refers to them."""
    assert read_policy([a_group(name="shop"), a_group()]) == Policy()


def test_splits_alone_grant_nothing():
    """A split shares calls out; it lets nobody in."""
    assert read_policy([a_split()]).grants == ()
