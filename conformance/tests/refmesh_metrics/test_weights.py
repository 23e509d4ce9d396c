"""Weights of a split are shown as whole numbers, in the ratio in which they were written."""

import pytest

from conformance.refmesh.metrics import read_inventory


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (("1", "500m"), (2, 1)),
        (("500m", "500m"), (1, 1)),
        (("900m", "0.1"), (9, 1)),
        (("1k", 1000), (1000, 1000)),
        ((90, 10), (90, 10)),
        ((4, 0), (4, 0)),
        (("-1", "many"), (0, 0)),
        ((None, 3), (0, 3)),
    ],
)
def test_weights_keep_their_ratio(written, shown):
    """One factor for all backends of a split; whole numbers stay as they are."""
    assert tuple(weights(*zip(("v1", "v2"), written, strict=True)).values()) == shown


def test_weights_of_one_service_add_up():
    """A Service may be listed twice."""
    assert weights(("v1", "250m"), ("v2", "500m"), ("v1", "250m")) == {"v1": 2, "v2": 2}


def weights(*backends):
    """Read a split with these backends."""
    split = {
        "apiVersion": "split.smi-spec.io/v1alpha1",
        "kind": "TrafficSplit",
        "metadata": {"namespace": "here", "name": "website"},
        "spec": {
            "service": "website",
            "backends": [{"service": name, "weight": weight} for name, weight in backends],
        },
    }
    return read_inventory([split]).splits["here", "website"].weights
