"""Who a token proves its caller to be; nothing is taken from anywhere else."""

import copy

import pytest

from conformance.kubemesh.callers import Caller, caller_of, review_token

EXTRA = "authentication.kubernetes.io/"
STATUS = {
    "authenticated": True,
    "audiences": ["smi-reference-mesh"],
    "user": {
        "username": "system:serviceaccount:here:shop",
        "extra": {f"{EXTRA}pod-name": ["shop-0"], f"{EXTRA}pod-uid": ["u-1"]},
    },
}


def changed(change):
    status = copy.deepcopy(STATUS)
    change(status)
    return status


def test_pods_token_names_pod_and_account():
    """All four come from the review."""
    assert caller_of(STATUS) == Caller(namespace="here", account="shop", pod="shop-0", uid="u-1")


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.update(authenticated=False),
        lambda one: one.update(authenticated="true"),
        lambda one: one.update(audiences=["https://kubernetes.default.svc"]),
        lambda one: one.pop("audiences"),
        lambda one: one["user"].update(username="system:node:here:shop"),
        lambda one: one["user"].update(username="kubernetes-admin"),
        lambda one: one["user"].pop("extra"),
        lambda one: one["user"]["extra"].pop(f"{EXTRA}pod-uid"),
        lambda one: one["user"]["extra"].update({f"{EXTRA}pod-uid": ["u-1", "u-2"]}),
    ],
    ids=[
        "not authenticated",
        "something like true",
        "for somebody else",
        "audiences unknown to the API server",
        "a node",
        "a person",
        "bound to no pod",
        "no uid",
        "two uids",
    ],
)
def test_any_other_token_proves_nothing(change):
    """Each of these was let in by some mesh, or could be."""
    assert caller_of(changed(change)) is None


def test_review_asks_for_our_audience():
    """Otherwise every token of the cluster would do, and could be replayed from elsewhere."""

    class Api:
        def post(self, path, body):
            self.body = body
            return {"status": STATUS}

    api = Api()
    assert review_token(api, "t").pod == "shop-0"
    assert api.body["spec"] == {"token": "t", "audiences": ["smi-reference-mesh"]}
