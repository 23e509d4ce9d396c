"""What is asked of a real cluster before a run, and how a command leads to the same one again."""

import pytest

from conformance.cluster.kind import KindSettings
from conformance.errors import EnvironmentBrokenError, UsageError
from conformance.model.api import ApiAnswer
from conformance.model.manifest import Manifest
from conformance.runner.choosing import choose_profile
from conformance.runner.doctor import Examination, policy_of_others
from conformance.runner.settings import KubernetesOptions, RunSettings


class View:
    """A cluster of these objects, in which some kinds may not be looked at."""

    name = "test"

    def __init__(self, *bodies, hidden=()):
        self._objects = [Manifest(body) for body in bodies]
        self._hidden = hidden

    def read(self, ref):
        """Find one object."""
        return next((one for one in self._objects if one.ref == ref), None)

    def list(self, kind, namespace=""):
        """List the objects of a kind."""
        if kind in self._hidden:
            raise EnvironmentBrokenError(f"may not list {kind}", "cluster test", "ask for the right")
        return tuple(one for one in self._objects if one.kind == kind and namespace in {"", one.namespace})

    def served(self):
        """Serve nothing."""
        return {}

    def call_api(self, request):
        """Find nothing."""
        return ApiAnswer(status=404, body=b"")


def an_object(kind, namespace, name, **rest):
    """Write an object."""
    return {"apiVersion": "v1", "kind": kind, "metadata": {"namespace": namespace, "name": name, **rest}}


def a_control_plane(image):
    """Write a Deployment that runs *image*."""
    body = an_object("Deployment", "mesh", "control-plane")
    return {**body, "spec": {"template": {"spec": {"containers": [{"image": image}]}}}}


def settings_for(cluster, **options):
    """Make a run's settings."""
    return RunSettings(
        run_id="run",
        cluster=cluster,
        provider="reference",
        faults=(),
        evidence=None,
        kubernetes=KubernetesOptions(**options),
    )


@pytest.mark.parametrize(
    "settings, way",
    [
        (settings_for("local", context="ignored"), ["--smi-provider=reference"]),
        (
            settings_for("kubeconfig", context="prod", registry="registry.example/team"),
            [
                "--smi-cluster=kubeconfig",
                "--smi-provider=reference",
                "--smi-context=prod",
                "--smi-registry=registry.example/team",
            ],
        ),
        (
            settings_for("kind", image_base="base", kind=KindSettings(image="node:1", name="kept")),
            [
                "--smi-cluster=kind",
                "--smi-provider=reference",
                "--smi-image-base=base",
                "--kind-image=node:1",
                "--cluster-name=kept",
            ],
        ),
    ],
    ids=["local", "kubeconfig", "kind"],
)
def test_way_back_names_what_a_person_named(settings, way):
    """Arguments that did not matter are left out."""
    assert list(settings.way) == way


def test_named_provider_needs_no_look():
    """A person's word is taken, whatever runs there."""
    assert choose_profile("osm", View(hidden=("Deployment",)), lambda _: None).name == "osm"


def test_what_is_installed_is_told_with_its_reason():
    """A person can see whether the guess is right."""
    told = []
    view = View(a_control_plane("smi-conformance/mesh:1"))
    assert choose_profile("auto", view, told.append).name == "reference"
    assert "smi-conformance/mesh:1" in told[0]


def test_nothing_that_is_known_is_no_mesh_at_all():
    """Where no profile fits nobody is judged, and the message says what to do."""
    with pytest.raises(UsageError) as raised:
        choose_profile("auto", View(a_control_plane("nginx")), lambda _: None)
    assert "--smi-provider=auto" in raised.value.where


def test_policy_of_others_is_counted_where_it_is():
    """What a run has made is not somebody else's."""
    view = View(
        an_object("TrafficTarget", "shop", "a"),
        an_object("TrafficSplit", "shop", "b"),
        an_object("TrafficTarget", "here-1", "c", labels={"smi-conformance/run": "1"}),
    )
    assert policy_of_others(view).startswith("2 SMI objects in shop (2)")


def test_policy_that_cannot_be_seen_is_not_called_absent():
    """A missing right is named."""
    words = policy_of_others(View(hidden=("TrafficSplit",)))
    assert "cannot be looked at: may not list TrafficSplit" in words


def test_examination_ends_with_what_to_mend():
    """The last lines say whether a run can begin, and if not, why."""
    found = (("server", "Kubernetes v1"), ("SMI", "none"))
    assert str(Examination(found=found, lacking=())).splitlines()[-1] == "a run can begin"
    lacking = Examination(found=found, lacking=("no rights",))
    assert str(lacking).splitlines()[-1] == "a run cannot begin: no rights"
