"""Where a provider serves versions together that are no partners, some scenarios cannot be written."""

import pytest

from conformance.errors import ScenarioError
from conformance.scenario import render, unwritable
from conformance.spec import ApiVersion, Bundle

V1, V2, V3, V4 = ApiVersion
OLD_SPECS = Bundle(access=V3, specs=V3, split=V3)


@pytest.fixture
def with_ports(read):
    """A scenario that needs ports of a TCPRoute, which specs v1alpha4 brought."""
    return read(
        ("v1alpha1, v1alpha2, v1alpha3, v1alpha4", "v1alpha3"),
        ("      - HTTPRouteGroup", "      - {TCPRoute: tcp, ports: [8080]}\n      - HTTPRouteGroup"),
    )


def test_field_without_a_place_is_named(with_ports):
    """What cannot be written is said in words, once."""
    assert unwritable(with_ports, OLD_SPECS) == ("a TCPRoute has no `ports` in specs v1alpha3",)


def test_everything_has_a_place_in_stated_partners(with_ports):
    """With the partner that the documents state nothing is lacking."""
    assert unwritable(with_ports, Bundle(access=V3, specs=V4, split=V4)) == ()


def test_unwritable_scenario_is_not_rendered(with_ports, world, namespaces):
    """A field is never left out silently, which would widen the grant."""
    with pytest.raises(ScenarioError, match="no `ports` in specs v1alpha3"):
        render(with_ports, V3, OLD_SPECS, world, namespaces)
