"""A watch misses nothing: it goes on where a stream ended, and lists anew where it cannot."""

import threading
from http import HTTPStatus

import pytest

from conformance.errors import EnvironmentBrokenError
from conformance.kubemesh.rest import ApiRefusedError
from conformance.kubemesh.watching import Watch, Watched

PODS = Watched(api_version="v1", kind="Pod", path="/api/v1/pods")


def body(name, version, **more):
    return {"metadata": {"namespace": "here", "name": name, "resourceVersion": str(version)}, **more}


def event(kind, name, version, **more):
    return {"type": kind, "object": body(name, version, **more)}


class Api:
    """Gives scripted lists and streams, each once, and remembers what was asked."""

    def __init__(self, lists, streams):
        self.lists, self.streams = list(lists), list(streams)
        self.asked = []

    def get(self, path, **query):
        self.asked.append(("list", query))
        return self.lists.pop(0)

    def watch(self, path, timeout, **query):
        self.asked.append(("watch", query["resourceVersion"]))
        for one in self.streams.pop(0):
            if isinstance(one, Exception):
                raise one
            yield one


def a_list(version, *bodies, **metadata):
    return {"metadata": {"resourceVersion": str(version), **metadata}, "items": list(bodies)}


def following(lists, streams):
    """Follow as many streams as there are; what ends one early is noted."""
    api = Api(lists, streams)
    changes = []
    watch = Watch(api, lambda: PODS, lambda: changes.append(names(watch)))
    for _ in range(len(streams)):
        try:
            watch.follow(PODS)
        except EnvironmentBrokenError:
            continue
    return watch, api, changes


def names(watch):
    return sorted(one["metadata"]["name"] for one in watch.objects())


def gone():
    return ApiRefusedError(HTTPStatus.GONE, "too old", "pods")


def broken():
    return EnvironmentBrokenError("the stream broke", "pods", "wait")


def test_everything_is_listed_before_anything_is_reported():
    """Half of the policy would shut doors that are open."""
    watch, _, changes = following([a_list(5, body("a", 1), body("b", 2))], [[]])
    assert changes == [["a", "b"]]
    assert watch.is_synced


def test_changes_are_taken_one_by_one():
    """Each is reported once."""
    stream = [event("ADDED", "b", 6), event("MODIFIED", "a", 7, spec={"new": True}), event("DELETED", "b", 8)]
    watch, _, changes = following([a_list(5, body("a", 1))], [stream])
    assert changes == [["a"], ["a", "b"], ["a", "b"], ["a"]]
    assert watch.objects()[0]["spec"] == {"new": True}


def test_stream_that_ends_is_taken_up_where_it_ended():
    """To list anew each time would cost the API server a list of all pods every few minutes."""
    _, api, _ = following([a_list(5)], [[event("ADDED", "a", 6)], [event("ADDED", "b", 9)], []])
    assert api.asked == [("list", {"limit": "500"}), ("watch", "5"), ("watch", "6"), ("watch", "9")]


def test_stream_that_breaks_is_taken_up_where_it_broke():
    """What came before the break was taken."""
    watch, api, _ = following([a_list(5)], [[event("ADDED", "a", 6), broken()], [event("ADDED", "b", 7)]])
    assert api.asked[-1] == ("watch", "6")
    assert names(watch) == ["a", "b"]


def test_bookmark_moves_on_without_a_change():
    """A quiet kind would otherwise fall behind what the API server remembers."""
    _, api, changes = following([a_list(5)], [[event("BOOKMARK", "", 90)], []])
    assert api.asked[-1] == ("watch", "90")
    assert len(changes) == 1


def test_what_the_api_server_has_forgotten_is_listed_anew():
    """410 Gone: what was deleted meanwhile must go, without an event that says so."""
    lists = [a_list(5, body("a", 1), body("b", 2)), a_list(50, body("b", 2), body("c", 40))]
    watch, api, changes = following(lists, [[gone()], []])
    assert names(watch) == ["b", "c"]
    assert [what for what, _ in api.asked] == ["list", "watch", "list", "watch"]
    assert changes == [["a", "b"], ["b", "c"]]


def test_long_list_comes_in_pages():
    """All of them are one list."""
    lists = [a_list(5, body("a", 1), **{"continue": "more"}), a_list(5, body("b", 2))]
    watch, api, changes = following(lists, [[]])
    assert changes == [["a", "b"]]
    assert api.asked[1] == ("list", {"limit": "500", "continue": "more"})
    assert watch.is_synced


def test_objects_of_a_list_have_their_kind():
    """The API server leaves it out of lists, and everything after goes by it."""
    watch, _, _ = following([a_list(5, body("a", 1))], [[event("ADDED", "b", 6)]])
    assert {(one["apiVersion"], one["kind"]) for one in watch.objects()} == {("v1", "Pod")}


def test_refusal_is_passed_on():
    """403 does not go away by itself; somebody has to be told."""
    api = Api([a_list(5)], [[ApiRefusedError(403, "forbidden", "pods")]])
    with pytest.raises(ApiRefusedError, match="403"):
        Watch(api, lambda: PODS, lambda: None).follow(PODS)


def test_kind_that_the_cluster_does_not_know_has_no_objects(monkeypatch):
    """A mesh that is installed before SMI's CRDs must not wait for them for ever."""
    monkeypatch.setattr("conformance.kubemesh.watching._ABSENT_PAUSE", 0.0)
    told = threading.Event()
    watch = Watch(Api([], []), lambda: None, told.set)
    watch.start()
    assert told.wait(10)
    watch.close()
    assert watch.is_synced
    assert watch.objects() == ()


def test_kind_that_is_missing_for_a_moment_keeps_its_objects(monkeypatch):
    """An API server that starts does not know its custom kinds at first; to forget policy then would shut doors."""
    monkeypatch.setattr("conformance.kubemesh.watching._ABSENT_PAUSE", 0.0)
    streamed = threading.Event()
    found = iter([PODS, None, None, PODS])
    api = Api([a_list(5, body("a", 1))], [[], []])
    seen = []

    def find():
        seen.append(names(watch))
        answer = next(found, ...)
        if answer is ...:
            watch.close()
            streamed.set()
            return None
        return answer

    watch = Watch(api, find, lambda: None)
    watch.start()
    assert streamed.wait(10)
    assert seen[1:] == [["a"]] * 4
