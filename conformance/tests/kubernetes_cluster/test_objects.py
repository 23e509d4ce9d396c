"""Creating, replacing, deleting and reading, and whose objects are touched."""

import pytest

from conformance.cluster.kubernetes import NotOursError
from conformance.cluster.kubernetes.discovery import Discovery
from conformance.cluster.kubernetes.objects import Objects
from conformance.errors import EnvironmentBrokenError, ManifestRefusedError
from conformance.model.manifest import Manifest, ObjectRef

ROUTES = "/apis/specs.smi-spec.io/v1alpha4/namespaces/n/tcproutes"
ACCOUNTS = "/api/v1/namespaces/n/serviceaccounts"
OURS = {"smi-conformance/run": "r1"}


@pytest.fixture
def objects(rest, fake):
    for version in ("v1alpha3", "v1alpha4"):
        path = f"/apis/specs.smi-spec.io/{version}"
        fake.objects[path] = {"resources": [{"kind": "TCPRoute", "name": "tcproutes"}]}
    groups = {"versions": [{"version": "v1alpha4"}, {"version": "v1alpha3"}]}
    fake.objects["/apis/specs.smi-spec.io"] = groups
    return Objects(rest, Discovery(rest), run_id="r1", cluster="fake")


def route(version="v1alpha4", ports=(1,), **metadata):
    return Manifest(
        {
            "apiVersion": f"specs.smi-spec.io/{version}",
            "kind": "TCPRoute",
            "metadata": {"name": "x", "namespace": "n", "labels": OURS, **metadata},
            "spec": {"matches": {"ports": list(ports)}},
        }
    )


def account(**metadata):
    body = {"apiVersion": "v1", "kind": "ServiceAccount"}
    return Manifest({**body, "metadata": {"name": "a", "namespace": "n", "labels": OURS, **metadata}})


def test_new_object_is_created_with_strict_validation(objects, fake):
    """A field that the schema does not have must not be dropped in silence."""
    objects.apply(route())
    assert fake.objects[f"{ROUTES}/x"]["spec"] == {"matches": {"ports": [1]}}
    assert fake.queries[-1] == {"fieldValidation": "Strict"}


def test_object_of_this_run_is_replaced_in_one_request(objects, fake):
    """Policy changes often; its revision is known from the last time."""
    objects.apply(route())
    fake.requests.clear()
    objects.apply(route(ports=(2,)))
    assert fake.requests == [("PUT", f"{ROUTES}/x")]
    assert fake.objects[f"{ROUTES}/x"]["spec"] == {"matches": {"ports": [2]}}


def test_object_that_something_else_has_changed_is_replaced_all_the_same(objects, fake):
    """A conflict is read again and tried again."""
    objects.apply(route())
    fake._store(f"{ROUTES}/x", {**fake.objects[f"{ROUTES}/x"], "status": "seen"})
    objects.apply(route(ports=(2,)))
    assert fake.objects[f"{ROUTES}/x"]["spec"] == {"matches": {"ports": [2]}}


def test_object_that_is_gone_meanwhile_is_created_again(objects, fake):
    """What is applied is there afterwards."""
    objects.apply(route())
    del fake.objects[f"{ROUTES}/x"]
    objects.apply(route())
    assert f"{ROUTES}/x" in fake.objects


def test_object_changed_without_end_is_given_up(objects, fake, tools):
    """A message says so; nothing hangs."""
    objects.apply(account())

    async def conflict(request):
        return tools["status"](409, "Conflict", "the object has been modified")

    fake.script("PUT", f"{ACCOUNTS}/a", *[conflict] * 50)
    with pytest.raises(ManifestRefusedError, match="again and again"):
        objects.apply(account())


def test_object_of_somebody_else_is_not_replaced(objects, fake):
    """It stays as it is, byte for byte."""
    before = fake.put_there(f"{ROUTES}/x", {"spec": "theirs"}, team="a")
    with pytest.raises(NotOursError, match=r"TCPRoute n/x is not this run's and was not replaced"):
        objects.apply(route())
    assert fake.objects[f"{ROUTES}/x"] == before


def test_object_of_another_run_is_not_deleted(objects, fake):
    """Two runs on one cluster do not disturb each other."""
    fake.put_there(
        f"{ROUTES}/x", {"apiVersion": "specs.smi-spec.io/v1alpha4"}, **{"smi-conformance/run": "r2"}
    )
    with pytest.raises(NotOursError, match="was not deleted"):
        objects.delete([ObjectRef("TCPRoute", "n", "x")])
    assert f"{ROUTES}/x" in fake.objects


def test_object_made_anew_by_somebody_else_is_not_deleted(objects, fake):
    """Its name is the same; its uid is not."""
    objects.apply(route())
    del fake.objects[f"{ROUTES}/x"]
    fake.put_there(f"{ROUTES}/x", {"apiVersion": "specs.smi-spec.io/v1alpha4"})
    with pytest.raises(NotOursError):
        objects.delete([ObjectRef("TCPRoute", "n", "x")])
    assert f"{ROUTES}/x" in fake.objects


def test_object_of_this_run_is_deleted_in_one_request(objects, fake):
    """By its uid, in the version it was written in."""
    objects.apply(route("v1alpha3"))
    fake.requests.clear()
    objects.delete([route().ref])
    assert fake.requests == [("DELETE", f"{ROUTES.replace('alpha4', 'alpha3')}/x")]
    assert f"{ROUTES.replace('alpha4', 'alpha3')}/x" not in fake.objects


def test_what_is_gone_needs_no_deletion(objects, fake):
    """Whether this run has made it or not."""
    objects.apply(route())
    del fake.objects[f"{ROUTES}/x"]
    objects.delete([route().ref, ObjectRef("ServiceAccount", "n", "never")])
    assert not fake.asked("PATCH")


def test_namespace_that_is_going_away_needs_no_deletion(objects, fake, tools):
    """The server answers a second deletion with a conflict."""
    body = {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}
    fake.put_there("/api/v1/namespaces/w", body, **OURS)
    objects.delete([ObjectRef("Namespace", "", "w")])
    assert not fake.asked("DELETE")


def test_notes_of_controllers_on_core_objects_stay(objects, fake):
    """A mesh that marks an account would otherwise lose its mark with every apply."""
    objects.apply(account(annotations={"ours": "1"}))
    path = f"{ACCOUNTS}/a"
    stored = fake.objects[path]
    marked = {**stored["metadata"], "annotations": {"ours": "1", "mesh": "seen"}}
    fake._store(path, {**stored, "metadata": marked})
    objects.apply(account(annotations={"ours": "2"}))
    assert fake.objects[path]["metadata"]["annotations"] == {"ours": "2", "mesh": "seen"}


def test_annotations_of_policy_are_those_of_the_manifest(objects, fake):
    """What stood there of an earlier version must not speak in a later one."""
    fake.put_there(f"{ROUTES}/x", {"metadata": {"annotations": {"written-as": "old"}}}, **OURS)
    objects.apply(route())
    assert "annotations" not in fake.objects[f"{ROUTES}/x"]["metadata"]


def test_finalizers_of_policy_stay(objects, fake):
    """A mesh that puts one there wants to undo what it made of the object before that goes."""
    path = f"{ROUTES}/x"
    objects.apply(route())
    stored = fake.objects[path]
    fake._store(path, {**stored, "metadata": {**stored["metadata"], "finalizers": ["mesh.example/undo"]}})
    for _ in range(2):
        objects.apply(route())
        assert fake.objects[path]["metadata"]["finalizers"] == ["mesh.example/undo"]


def test_refusal_carries_the_servers_own_words(objects, fake, tools):
    """And names the object."""

    async def strict(request):
        return tools["status"](400, "BadRequest", 'strict decoding error: unknown field "spec.x"')

    fake.script("POST", ROUTES, strict)
    with pytest.raises(ManifestRefusedError, match=r'unknown field "spec.x"[\s\S]*TCPRoute n/x'):
        objects.apply(route())


def test_version_that_is_not_served_is_refused_with_those_that_are(objects, fake, tools):
    """As discovery lists them."""

    async def missing(request):
        return tools["status"](404, "NotFound", "the server could not find the requested resource")

    fake.script("POST", ROUTES.replace("alpha4", "alpha1"), missing)
    with pytest.raises(ManifestRefusedError, match=r"this cluster serves v1alpha3, v1alpha4"):
        objects.apply(route("v1alpha1"))


def test_right_that_is_missing_breaks_the_environment(objects, fake, tools):
    """It says nothing about the manifest; the hint names the manifest of rights."""

    async def forbidden(request):
        return tools["status"](403, "Forbidden", 'User "x" cannot create resource "tcproutes"')

    fake.script("POST", ROUTES, forbidden)
    with pytest.raises(EnvironmentBrokenError, match=r"cannot create[\s\S]*fixtures/rbac/suite.yaml"):
        objects.apply(route())


def test_webhook_that_denies_refuses_the_manifest(objects, fake, tools):
    """It has the status of a missing right, and is none."""

    async def denied(request):
        return tools["status"](403, "Forbidden", 'admission webhook "w" denied the request: no')

    fake.script("POST", ROUTES, denied)
    with pytest.raises(ManifestRefusedError, match="denied the request: no"):
        objects.apply(route())


def test_server_that_is_not_up_to_it_is_asked_again(objects, fake, tools):
    """A restart of the API server costs time and nothing else."""

    async def starting(request):
        return tools["status"](503, "ServiceUnavailable", "starting")

    async def hang_up(request):
        request.transport.close()
        return tools["status"](500)

    fake.script("POST", ROUTES, starting, hang_up)
    objects.apply(route())
    assert fake.asked("POST") == [ROUTES] * 3


def test_reading_gives_what_is_stored_in_the_newest_version(objects, fake):
    """Without the server's book-keeping."""
    objects.apply(route())
    fake.objects[f"{ROUTES}/x"]["metadata"]["managedFields"] = [{"manager": "m"}]
    found = objects.read(route().ref)
    assert (found.api_version, found.body["spec"]) == (route().api_version, route().body["spec"])
    assert "managedFields" not in found.body["metadata"]
    assert objects.read(ObjectRef("TCPRoute", "n", "other")) is None


def test_listing_says_of_each_what_it_is(objects, fake):
    """A server's list leaves that out."""
    objects.apply(route())
    del fake.objects[f"{ROUTES}/x"]["kind"]
    (found,) = objects.list("TCPRoute", "n")
    assert found.ref == route().ref


def test_kind_that_is_not_served_has_no_objects(objects):
    """A cluster without these CRDs is no error."""
    assert objects.list("TrafficSplit") == ()
    assert objects.read(ObjectRef("TrafficSplit", "n", "s")) is None


def test_kind_that_the_suite_does_not_handle_is_refused(objects, fake):
    """Before anything is sent."""
    fake.requests.clear()
    with pytest.raises(ManifestRefusedError, match='kind "Secret"'):
        objects.read(ObjectRef("Secret", "n", "s"))
    assert not fake.requests
