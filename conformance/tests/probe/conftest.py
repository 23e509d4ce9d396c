"""One set of probe apps for all tests of this folder: each starts in 70 ms, but there are many tests."""

from collections.abc import Iterator

import pytest

from conformance.probe.prober import Prober
from conformance.tests.doubles.probe_apps import ProbeApps


@pytest.fixture(scope="session")
def apps() -> Iterator[ProbeApps]:
    """Run ``here/caller`` and ``here/shop``, which call each other directly."""
    with ProbeApps() as apps:
        apps.start("here/caller")
        apps.start("here/shop")
        yield apps


@pytest.fixture
def prober(apps) -> Iterator[Prober]:
    """Talk to the apps."""
    with Prober(apps.open) as prober:
        yield prober
