"""A run's own Namespace, its Lease, and what becomes of runs that were killed."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from conformance.cluster.kubernetes import KubernetesCluster, ownership, sweep
from conformance.errors import EnvironmentBrokenError, UsageError
from conformance.model.manifest import Manifest

RUN = "/api/v1/namespaces/smi-run-r1"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/smi-run-{}/leases/run"


def _ago(seconds):
    return f"{datetime.now(UTC) - timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S.%fZ}"


def _other_run(fake, name, renewed, created=0):
    fake.put_there(f"/api/v1/namespaces/smi-run-{name}", {}, **{"smi-conformance/run": name})
    metadata = fake.objects[f"/api/v1/namespaces/smi-run-{name}"]["metadata"]
    metadata["creationTimestamp"] = re.sub(r"\.\d+Z", "Z", _ago(created))
    if renewed is not None:
        fake.put_there(LEASE.format(name), {"spec": {"renewTime": _ago(renewed)}})


def test_run_begins_with_a_namespace_and_a_lease(api, fake, settings):
    """Both carry its label."""
    with KubernetesCluster(api, settings):
        for path in (RUN, LEASE.format("r1")):
            assert fake.objects[path]["metadata"]["labels"] == {"smi-conformance/run": "r1"}
        assert fake.objects[LEASE.format("r1")]["spec"]["leaseDurationSeconds"] == 60


def test_closing_deletes_the_run_and_what_it_made_and_nothing_else(api, fake, settings):
    """A namespace of another run and one of nobody's stay; closing twice is fine."""
    _other_run(fake, "r2", renewed=1)
    fake.put_there("/api/v1/namespaces/theirs", {})
    cluster = KubernetesCluster(api, settings)
    world = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "here-r1"}}
    cluster.apply([Manifest(world)])
    owner = fake.objects["/api/v1/namespaces/here-r1"]["metadata"]["ownerReferences"][0]
    assert owner["uid"] == fake.objects[RUN]["metadata"]["uid"]
    cluster.close()
    cluster.close()
    namespaces = {path for path in fake.objects if path.startswith("/api/v1/namespaces/")}
    assert namespaces == {"/api/v1/namespaces/smi-run-r2", "/api/v1/namespaces/theirs"}


def test_second_run_of_one_id_is_refused(api, fake, settings):
    """It would take the first one's objects for its own. The first one's Namespace stays."""
    _other_run(fake, "r1", renewed=1)
    with pytest.raises(UsageError, match="a run 'r1'"):
        KubernetesCluster(api, settings)
    assert RUN in fake.objects


def test_answer_that_is_lost_does_not_look_like_another_run(api, fake, settings, tools):
    """The request is repeated, and finds what the first one made."""

    async def lost(request):
        await fake._post(request)
        request.transport.close()
        return tools["status"](500)

    fake.script("POST", RUN.rpartition("/")[0], lost)
    fake.script("POST", LEASE.format("r1").rpartition("/")[0], lost)
    with KubernetesCluster(api, settings):
        assert LEASE.format("r1") in fake.objects


def test_lease_that_cannot_be_made_leaves_no_namespace(api, fake, settings, tools):
    """An account without that right leaves nothing behind."""

    async def forbidden(request):
        return tools["status"](403, "Forbidden", 'User "x" cannot create resource "leases"')

    fake.script("POST", LEASE.format("r1").rpartition("/")[0], forbidden)
    with pytest.raises(EnvironmentBrokenError, match="leases"):
        KubernetesCluster(api, settings)
    assert RUN not in fake.objects


def test_lease_is_renewed(api, fake, settings, monkeypatch):
    """A second life sign comes, also after somebody else has touched the Lease."""
    monkeypatch.setattr(ownership, "_RENEWAL", timedelta(milliseconds=10))
    with KubernetesCluster(api, settings) as cluster:
        path = LEASE.format("r1")
        first = fake.objects[path]["spec"]["renewTime"]
        fake._store(path, {**fake.objects[path], "touched": True})
        _until(lambda: fake.objects[path]["spec"]["renewTime"] > first)
        cluster.apply([])


def test_run_whose_namespace_was_deleted_goes_no_further(api, fake, settings, monkeypatch):
    """What it made is being deleted, too, so that nothing it sees can count."""
    monkeypatch.setattr(ownership, "_RENEWAL", timedelta(milliseconds=10))
    cluster = KubernetesCluster(api, settings)
    del fake.objects[LEASE.format("r1")], fake.objects[RUN]
    _until(lambda: cluster._ownership._lost)
    with pytest.raises(EnvironmentBrokenError, match="own Namespace is gone"):
        cluster.apply([])
    cluster.close()


def test_killed_runs_are_swept_and_living_ones_are_not(api, fake):
    """A Lease that ran out decides; one that has none yet is given as long."""
    _other_run(fake, "dead", renewed=61)
    _other_run(fake, "alive", renewed=50)
    _other_run(fake, "stillborn", renewed=None, created=120)
    _other_run(fake, "new", renewed=None, created=5)
    assert sweep(api) == ("smi-run-dead", "smi-run-stillborn")
    left = {path.rpartition("-")[2] for path in fake.objects if path.startswith("/api/v1/namespaces/")}
    assert left == {"alive", "new"}


def test_namespace_that_only_looks_like_a_run_is_not_swept(api, fake):
    """Its name and its label have to agree, and one without the label is not even looked at."""
    fake.put_there("/api/v1/namespaces/smi-run-x", {"metadata": {}})
    _other_run(fake, "y", renewed=999)
    fake.objects["/api/v1/namespaces/smi-run-y"]["metadata"]["labels"] = {"smi-conformance/run": "z"}
    assert sweep(api) == ()


def test_next_run_sweeps(api, fake, settings):
    """Before it begins."""
    _other_run(fake, "dead", renewed=61)
    with KubernetesCluster(api, settings):
        assert "/api/v1/namespaces/smi-run-dead" not in fake.objects


def test_times_are_the_servers(api, fake, settings, monkeypatch):
    """A machine whose clock is a day ahead must not sweep those of others."""
    _other_run(fake, "alive", renewed=5)

    class Ahead(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(days=1)

    monkeypatch.setattr("conformance.cluster.kubernetes.rest.datetime", Ahead)
    assert sweep(api) == ()


def test_namespaces_that_do_not_go_are_named_with_what_holds_them(api, fake, settings, monkeypatch, tools):
    """A mesh's finalizer, for instance."""
    monkeypatch.setattr(ownership, "_GOING", timedelta(seconds=0))
    cluster = KubernetesCluster(api, settings)
    held = {"type": "NamespaceFinalizersRemaining", "status": "True", "message": "held by example/x"}

    async def accepted(request):
        fake.objects[RUN]["status"] = {"conditions": [held]}
        return tools["status"](200)

    fake.script("DELETE", RUN, accepted, accepted)
    with pytest.raises(EnvironmentBrokenError, match=r"smi-run-r1[\s\S]*held by example/x"):
        cluster.close()


def _until(is_true):
    deadline = datetime.now(UTC) + timedelta(seconds=10)
    while not is_true():
        assert datetime.now(UTC) < deadline
