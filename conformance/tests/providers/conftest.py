"""A cluster to look at: objects in a dictionary, kinds that are served, and kinds that nobody may read."""

import pytest

from conformance.errors import EnvironmentBrokenError
from conformance.model.api import ApiAnswer
from conformance.model.manifest import Manifest


class SmallView:
    """What can be seen of a cluster that only exists in a test."""

    name = "small"

    def __init__(self):
        self.objects = {}
        self.kinds = {}
        self.forbidden = set()
        self.asked = 0
        """How often it was asked what is served."""

    def put(self, body):
        """Store an object."""
        manifest = Manifest(body)
        self.objects[manifest.ref] = manifest

    def read(self, ref):
        """Read one object back."""
        self._refuse(ref.kind)
        return self.objects.get(ref)

    def list(self, kind, namespace=""):
        """List the objects of a kind."""
        self._refuse(kind)
        found = (one for one in self.objects.values() if one.kind == kind)
        return tuple(one for one in found if namespace in {"", one.namespace})

    def served(self):
        """Say what is served."""
        self.asked += 1
        return self.kinds

    def call_api(self, request):
        """Find nothing."""
        return ApiAnswer(status=404, body=b"")

    def _refuse(self, kind):
        if kind in self.forbidden:
            raise EnvironmentBrokenError(f"may not read {kind}", "small", "as the test has it")


def workload(kind, namespace, name, *, image="a/b:1", ready=1, replicas=1):
    """A workload of a mesh, ready by default."""
    pod = {"spec": {"containers": [{"name": "main", "image": image}]}}
    whole = {"spec": {"replicas": replicas, "template": pod}, "status": {"readyReplicas": ready}}
    per_node = {"numberReady": ready, "desiredNumberScheduled": replicas}
    parts = {"spec": {"template": pod}, "status": per_node} if kind == "DaemonSet" else whole
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        **parts,
    }


@pytest.fixture
def view():
    """An empty cluster."""
    return SmallView()


@pytest.fixture
def a_workload():
    """Make a workload of a mesh."""
    return workload
