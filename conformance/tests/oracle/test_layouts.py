"""Each version is read in its own layout, and fields of another one do not exist."""

import pytest

from conformance.model.expectation import Access
from conformance.model.manifest import Manifest
from conformance.tests.doubles.asking import a_cell, access
from conformance.tests.doubles.smi import a_group, a_target, a_tcp_route, an_entry, tcp_rule


@pytest.mark.parametrize("version", ["v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"])
def test_every_version_of_targets_and_groups_can_grant(version):
    """The same grant, in each version's layout, grants the same."""
    manifests = [a_group(version=version), a_target(version=version)]
    assert access(manifests) is Access.ALLOWED
    assert access(manifests, a_cell("client-b")) is Access.DENIED


@pytest.mark.parametrize("version", ["v1alpha1", "v1alpha2"])
def test_destination_port_narrows_the_grant(version):
    """In the first two versions the destination's port is the only one that opens."""
    manifests = [a_group(), a_target(version=version, port=8080)]
    assert access(manifests, a_cell(port=8080)) is Access.ALLOWED
    assert access(manifests, a_cell(port=9090)) is Access.DENIED


@pytest.mark.parametrize("version", ["v1alpha3", "v1alpha4"])
def test_destination_port_is_gone_later(version):
    """From v1alpha3 on the field does not exist, so it narrows nothing."""
    assert access([a_group(), a_target(version=version, port=8080)], a_cell(port=9090)) is Access.ALLOWED


@pytest.mark.parametrize(("written", "read"), [("v1alpha1", "v1alpha3"), ("v1alpha3", "v1alpha1")])
def test_layout_of_another_version_grants_nothing(written, read):
    """Fields at the root of a newer target, or under spec of an older one, are not there."""
    target = _as_version(a_target(version=written), f"access.smi-spec.io/{read}")
    assert access([a_group(), target]) is Access.DENIED


def test_group_in_an_older_layout_is_empty_and_fits_nothing():
    """Root matches under v1alpha4 leave a group without entries; no entries is not "no restriction"."""
    group = _as_version(a_group(version="v1alpha2"), "specs.smi-spec.io/v1alpha4")
    assert access([group, a_target()]) is Access.DENIED


def test_tcp_ports_exist_from_v1alpha4_on():
    """A TCPRoute v1alpha3 with ports stands for all of them, since it has no such field."""
    route = _as_version(a_tcp_route("ports", 8300), "specs.smi-spec.io/v1alpha3")
    manifests = [route, a_target(rules=[tcp_rule()])]
    assert access(manifests, a_cell(port=8301)) is Access.OPEN


def test_headers_do_not_exist_in_v1alpha1():
    """Before v1alpha2 an entry has a path and methods only."""
    entry = an_entry(headers={"x-canary": "^yes$"})
    assert access([a_group("routes", entry, version="v1alpha1"), a_target()]) is Access.ALLOWED
    assert access([a_group("routes", entry, version="v1alpha2"), a_target()]) is Access.DENIED


def test_kind_under_a_foreign_group_or_an_unknown_version_is_no_smi_object():
    """An object of another product, or of a version that was never released, grants nothing."""
    assert access([a_group(), _as_version(a_target(), "access.example.org/v1alpha3")]) is Access.DENIED
    assert access([a_group(), _as_version(a_target(), "access.smi-spec.io/v1alpha5")]) is Access.DENIED


def test_later_object_of_one_name_is_the_one_in_force():
    """Versions of a kind share their objects, so the last that was applied replaces the first."""
    open_to_b = a_target(sources=["client-b"], version="v1alpha4")
    assert access([a_group(), a_target(version="v1alpha1"), open_to_b]) is Access.DENIED
    assert access([a_group(), open_to_b, a_target(version="v1alpha1")]) is Access.ALLOWED


def _as_version(manifest: Manifest, api_version: str) -> Manifest:
    return Manifest({**manifest.body, "apiVersion": api_version})
