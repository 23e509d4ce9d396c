"""Who may ask for figures: the API server's word, remembered for a moment."""

import pytest

from conformance.kubemesh.metering.reviews import Reviews, review_of
from conformance.kubemesh.rest import ApiRefusedError
from conformance.refmesh.metrics import Action, Asker

JANE = Asker(user="jane", uid="u-1", groups=("devs",), extra=(("scopes", ("x",)),))


def an_action(**changes):
    plain = {
        "asker": JANE,
        "verb": "list",
        "resource": "pods",
        "namespace": "here",
        "name": "",
        "path": "/apis/metrics.smi-spec.io/v1alpha1/namespaces/here/pods",
    }
    return Action(**plain | changes)


class Api:
    """Answers reviews, and counts them."""

    def __init__(self, status):
        self.status, self.asked = status, []

    def post(self, path, body):
        self.asked.append((path, body["spec"]))
        return {"status": self.status}


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        ({"allowed": True}, True),
        ({"allowed": False}, False),
        ({"allowed": True, "denied": True}, False),
        ({"allowed": "true"}, False),
        ({}, False),
    ],
)
def test_only_a_clear_yes_is_one(status, allowed):
    """Whatever else is said is a no."""
    assert Reviews(Api(status)).may(an_action()) is allowed


def test_everything_that_is_known_of_who_asks_is_passed_on():
    """An authoriser may decide on any of it."""
    spec = review_of(an_action(resource="pods/edges", verb="get", name="shop-0"))["spec"]
    assert (spec["user"], spec["uid"], spec["groups"], spec["extra"]) == (
        "jane",
        "u-1",
        ["devs"],
        {"scopes": ["x"]},
    )
    assert spec["resourceAttributes"] == {
        "group": "metrics.smi-spec.io",
        "version": "v1alpha1",
        "resource": "pods",
        "subresource": "edges",
        "verb": "get",
        "namespace": "here",
        "name": "shop-0",
    }


def test_answer_is_remembered_for_a_moment_and_for_nobody_else():
    """A no for less long than a yes: what is granted should show."""
    clock, api = Clock(), Api({"allowed": True})
    reviews = Reviews(api, clock)
    for _ in range(3):
        assert reviews.may(an_action())
    assert len(api.asked) == 1
    assert reviews.may(an_action(namespace="there"))
    assert reviews.may(an_action(asker=Asker(user="joe")))
    assert len(api.asked) == 3
    clock.now += 6
    api.status = {"allowed": False}
    assert not reviews.may(an_action())
    clock.now += 1
    api.status = {"allowed": True}
    assert reviews.may(an_action())


def test_memory_of_answers_is_bounded():
    """Whoever asks for ten thousand objects costs no more memory than for four thousand."""
    reviews = Reviews(Api({"allowed": True}))
    for number in range(5000):
        reviews.may(an_action(name=f"pod-{number}", verb="get"))
    assert len(reviews._known) == 4096


def test_kinds_of_figures_are_no_secret():
    """The API server asks for them as a user without groups, whom RBAC grants nothing."""
    api = Api({"allowed": False})
    assert Reviews(api).may(an_action(resource="", namespace=""))
    assert not api.asked


def test_question_that_is_not_answered_is_neither_yes_nor_no():
    """Who asked gets a 503, and nothing is remembered."""

    class Silent:
        def post(self, path, body):
            raise ApiRefusedError(500, "etcd is gone", path)

    reviews = Reviews(Silent())
    with pytest.raises(ApiRefusedError):
        reviews.may(an_action())
    assert not reviews._known
