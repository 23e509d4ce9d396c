"""An API server that takes somebody else for the metrics server is made to connect anew."""

import pytest

from conformance.kubemesh.metering.registration import Registration

ASKED_OTHERS = {"type": "Available", "status": "False", "reason": "FailedDiscoveryCheck", "message": "404"}
AVAILABLE = {"type": "Available", "status": "True", "reason": "Passed"}
NOBODY_THERE = {"type": "Available", "status": "False", "reason": "MissingEndpoints"}


class Api:
    """Has one APIService."""

    def __init__(self, condition, port=443, service="metrics"):
        reference = {"namespace": "smi-reference-mesh", "name": service, "port": port}
        self.body = {"spec": {"service": reference}, "status": {"conditions": [condition]}}
        self.patches = []

    def find(self, path):
        return self.body

    def patch(self, path, body):
        self.patches.append(body["spec"]["service"]["port"])


def looked_for(api, seconds, *, is_ready=True):
    now = [0.0]
    registration = Registration(api, lambda: now[0])
    for second in range(seconds + 1):
        now[0] = float(second)
        registration.look(is_ready=is_ready)
    return api.patches


@pytest.mark.parametrize(("port", "other"), [(443, 8443), (8443, 443)])
def test_other_port_is_given_when_the_first_goes_on_failing(port, other):
    """Not at once: an API server may find out by itself."""
    assert looked_for(Api(ASKED_OTHERS, port), 10) == []
    assert looked_for(Api(ASKED_OTHERS, port), 15) == [other]


@pytest.mark.parametrize(
    ("api", "is_ready"),
    [
        (Api(AVAILABLE), True),
        (Api(NOBODY_THERE), True),
        (Api(ASKED_OTHERS), False),
        (Api(ASKED_OTHERS, service="theirs"), True),
    ],
    ids=["available", "no endpoints yet", "this server is not ready", "somebody else's"],
)
def test_otherwise_nothing_is_touched(api, is_ready):
    """There is nothing to mend, or it is not ours to mend."""
    assert looked_for(api, 60, is_ready=is_ready) == []
