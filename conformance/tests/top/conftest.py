"""A cluster of which only the metrics API is there, and that API."""

import pytest

from conformance.cluster.embedded.api_front import ApiFront
from conformance.tests.doubles.metrics_api import StubApi


class MetricsOnly:
    """Answers plain requests; all else of a cluster nobody asks here."""

    name = "stub"

    def __init__(self):
        self.front = ApiFront(dict)

    def call_api(self, request):
        """Answer as an API server does."""
        return self.front.answer(request)


@pytest.fixture
def bare_cluster():
    return MetricsOnly()


@pytest.fixture
def stub(bare_cluster):
    served = StubApi()
    bare_cluster.front.aggregate(served)
    return served
