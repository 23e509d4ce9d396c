"""Which address belongs to what."""

import pytest

from conformance.cluster.embedded import LocalCluster
from conformance.cluster.embedded.addresses import (
    HIGHEST,
    Allotment,
    app_address,
    intercepted_address,
    take_block,
)
from conformance.errors import EnvironmentBrokenError
from conformance.tests.doubles.objects import STAND_IN_APP


def test_intercepted_address_of_a_pod_and_of_a_service():
    """The third part is the caller, the fourth the target, a Service's 128 higher than a pod's."""
    assert intercepted_address("127.16.0.3", "127.16.0.7") == "127.17.3.7"
    assert intercepted_address("127.16.0.3", "127.16.1.7") == "127.17.3.135"


def test_intercepted_addresses_never_meet():
    """Whoever calls whatever, no two pairs share a listener."""
    targets = [f"127.18.{third}.{index}" for third in (0, 1) for index in (1, 2, HIGHEST)]
    callers = [f"127.18.0.{index}" for index in (1, 2, HIGHEST)]
    found = {intercepted_address(caller, target) for caller in callers for target in targets}
    assert len(found) == len(callers) * len(targets)


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "127.17.0.1", "127.16.2.1", "127.16.0.0", "127.16.0.128", "::1", "x"]
)
def test_intercepted_address_refuses_what_is_no_target(address):
    """An address of another cluster or an app's inner one is a mistake, not a listener."""
    with pytest.raises(ValueError, match=r".+"):
        intercepted_address("127.16.0.1", address)


def test_service_calls_nobody():
    """Only pods have sidecars."""
    with pytest.raises(ValueError, match=r"127\.16\.1\.1 is no address of a pod"):
        intercepted_address("127.16.1.1", "127.16.0.1")


def test_app_address_lies_beside_the_pods():
    """The app of a pod with a sidecar listens at an address of its own."""
    assert app_address("127.16.0.9") == "127.16.2.9"


def test_allotment_goes_round_before_it_uses_an_address_again():
    """An address that has just become free may still be in somebody's connection."""
    allotment = Allotment(16)
    first = allotment.pod(())
    assert allotment.pod(()) == "127.16.0.2"
    rest = [allotment.pod(()) for _ in range(HIGHEST - 2)]
    assert allotment.pod(()) == first == "127.16.0.1"
    assert len({first, "127.16.0.2", *rest}) == HIGHEST


def test_allotment_skips_what_is_taken():
    """Nobody gets an address that somebody has."""
    assert Allotment(16).service(("127.16.1.1", "127.16.1.2")) == "127.16.1.3"


def test_allotment_says_when_it_is_empty():
    """More pods than addresses is a limit of this cluster and is said so."""
    with pytest.raises(EnvironmentBrokenError, match="all 127 addresses for pods are in use"):
        Allotment(16).pod([f"127.16.0.{index}" for index in range(1, HIGHEST + 1)])


def test_block_is_nobody_elses_until_it_is_released(tmp_path):
    """Two runs at once never share addresses, and a block comes back."""
    first = take_block(tmp_path / "blocks")
    second = take_block(tmp_path / "blocks")
    first.release()
    third = take_block(tmp_path / "blocks")
    assert (first.number, second.number, third.number) == (16, 18, 16)
    second.release()
    third.release()


def test_two_clusters_run_side_by_side(cluster, runs):
    """Each has a block of its own."""
    with LocalCluster("other", runs, app_module=STAND_IN_APP) as other:
        blocks = {one._store._reconcile.__self__.allotment.block for one in (cluster, other)}
    assert len(blocks) == 2
