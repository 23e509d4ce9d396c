"""Of faults about how calls are shared out."""

from conformance.refmesh.faults.written import renamed
from conformance.tests.doubles.mesh_worlds import website_world
from conformance.tests.doubles.smi_objects import a_group, a_split, a_target, an_account, an_entry
from conformance.tests.refmesh_faults.witnesses.asking import (
    FIREFOX,
    HALF,
    HEADERS,
    REFERENCE,
    A,
    Witness,
    clusters,
    nested_splits,
    odd_world,
    scaled_world,
    shares,
    some_shares,
    splitting,
)

WITNESSES = {
    "split-sticky-to-old-weights": shares(
        splitting(website_v1=1),
        splitting(website_v2=1),
        right=some_shares(website_v2=1),
        wrong=some_shares(website_v1=1),
    ),
    "ignores-split-delete": shares(
        splitting(website_v1=1), (), right=some_shares(website=1), wrong=some_shares(website_v1=1)
    ),
    "ignores-splits": shares(
        splitting(website_v1=1), right=some_shares(website_v1=1), wrong=some_shares(website=1)
    ),
    "ignores-weights": shares(
        splitting(website_v1=3, website_v2=1),
        right=some_shares(website_v1="3/4", website_v2="1/4"),
        wrong=HALF,
    ),
    "weights-per-pod": shares(
        splitting(website_v1=1, website_v2=1),
        right=HALF,
        wrong=some_shares(website_v1="2/3", website_v2="1/3"),
        world=scaled_world,
    ),
    "swaps-weights": shares(
        splitting(website_v1=3, website_v2=1),
        right=some_shares(website_v1="3/4", website_v2="1/4"),
        wrong=some_shares(website_v1="1/4", website_v2="3/4"),
    ),
    "weight-percent-only": shares(
        splitting(website_v1=1, website_v2=1),
        right=HALF,
        wrong=some_shares(website_v1="1/100", website_v2="99/100"),
    ),
    "last-backend-gets-rest": shares(
        splitting(website_v1=2, website_v2=1),
        right=some_shares(website_v1="2/3", website_v2="1/3"),
        wrong=some_shares(website_v1="66/100", website_v2="34/100"),
    ),
    "small-share-rounded-up": shares(
        splitting(website_v1=999, website_v2=1),
        right=some_shares(website_v1="999/1000", website_v2="1/1000"),
        wrong=some_shares(website_v1="100/101", website_v2="1/101"),
    ),
    "zero-weight-gets-traffic": shares(
        splitting(website_v1=1, website_v2=0),
        right=some_shares(website_v1=1),
        wrong=some_shares(website_v1="49/50", website_v2="1/50"),
    ),
    "root-gets-extra-share": shares(
        splitting(website_v1=1),
        right=some_shares(website_v1=1),
        wrong=some_shares(website_v1="9/10", website="1/10"),
    ),
    "quantity-suffix-dropped": shares(
        (a_split("v1alpha1", {"website-v1": "1", "website-v2": "500m"}),),
        right=some_shares(website_v1="2/3", website_v2="1/3"),
        wrong=some_shares(website_v1="1/501", website_v2="500/501"),
    ),
    "ignores-split-matches": shares(
        (a_split(backends={"website-v1": 1}, matches=[REFERENCE]), FIREFOX),
        right=some_shares(website=1),
        wrong=some_shares(website_v1=1),
    ),
    "broken-split-matches-everything": shares(
        (a_split(backends={"website-v1": 1}, matches=[REFERENCE]),),
        right=some_shares(website=1),
        wrong=some_shares(website_v1=1),
    ),
    "first-split-match-only": shares(
        (a_split(backends={"website-v1": 1}, matches=[{**REFERENCE, "name": "gone"}, REFERENCE]), FIREFOX),
        headers={"user-agent": "Firefox"},
        right=some_shares(website_v1=1),
        wrong=some_shares(website=1),
    ),
    "split-unmatched-fail": shares(
        (a_split(backends={"website-v1": 1}, matches=[REFERENCE]), FIREFOX),
        right=some_shares(website=1),
        wrong=404,
    ),
    "splits-first-port-only": shares(
        splitting(website_v1=1), port=9090, right=some_shares(website_v1=1), wrong=some_shares(website=1)
    ),
    "split-leaks-to-backends": shares(
        splitting(website_v1=1, website_v2=1),
        to="here/website-v1",
        right=some_shares(website_v1=1),
        wrong=HALF,
    ),
    "split-in-every-namespace": shares(
        splitting(website_v1=1, website_v2=1), to="there/website", right=some_shares(website=1), wrong=HALF
    ),
    "splits-nest": shares(nested_splits(), right=HALF, wrong=some_shares(website_v3="1/2", website_v2="1/2")),
    "split-any-header-suffices": shares(
        (a_split(backends={"website-v1": 1}, matches=[REFERENCE]), a_group("v1alpha4", HEADERS)),
        headers={"x-one": "one"},
        right=some_shares(website=1),
        wrong=some_shares(website_v1=1),
    ),
    "split-first-entry-only": shares(
        (
            a_split(backends={"website-v1": 1}, matches=[REFERENCE]),
            a_group("v1alpha4", HEADERS, an_entry("firefox", headers={"user-agent": ".*Firefox.*"})),
        ),
        headers={"user-agent": "Firefox"},
        right=some_shares(website_v1=1),
        wrong=some_shares(website=1),
    ),
    "split-groups-of-any-namespace": shares(
        (
            a_split(backends={"website-v1": 1}, matches=[REFERENCE]),
            a_group("v1alpha4", {"name": "all"}, namespace="there"),
        ),
        right=some_shares(website=1),
        wrong=some_shares(website_v1=1),
    ),
    "split-keeps-first-group": shares(
        (a_split(backends={"website-v1": 1}, matches=[REFERENCE]), a_group("v1alpha4", {"name": "all"})),
        (a_split(backends={"website-v1": 1}, matches=[REFERENCE]), FIREFOX),
        right=some_shares(website=1),
        wrong=some_shares(website_v1=1),
    ),
    "split-keeps-old-root": shares(
        (renamed(a_split(backends={"website-v1": 1}), "rollout"),),
        (renamed(a_split(backends={"website-v1": 1}, root="website-v2"), "rollout"),),
        right=some_shares(website=1),
        wrong=some_shares(website_v1=1),
    ),
    "splits-keyed-by-name": shares(
        (*splitting(website_v1=1), a_split(backends={"website-v2": 1}, namespace="there")),
        right=some_shares(website_v1=1),
        wrong=some_shares(website=1),
    ),
    "split-takes-only-port": shares(
        splitting(website_v1=1, odd=1),
        right=some_shares(website_v1=1),
        wrong=some_shares(website_v1="1/2", odd="1/2"),
        world=odd_world,
    ),
    "split-unmatched-to-first": shares(
        (a_split(backends={"website-v1": 1}, matches=[REFERENCE]), FIREFOX),
        right=some_shares(website=1),
        wrong=some_shares(website_v1=1),
    ),
    "weights-capped-at-100": shares(
        splitting(website_v1=300, website_v2=100),
        right=some_shares(website_v1="3/4", website_v2="1/4"),
        wrong=HALF,
    ),
    "splits-collapse-ports": clusters(
        9090, right=["service|here/turned|9090"], wrong=["service|here/turned|8080"]
    ),
    "split-uses-root-target-port": clusters(
        8080, right=["service|here/turned|8080"], wrong=["pod|here/website-v2-0|8080"]
    ),
    "split-grants-access": Witness(
        policies=(
            (
                *splitting(website_v1=1, website_v2=1),
                a_target(destination=an_account("website-v1")),
                a_group(),
            ),
        ),
        ask=lambda mesh: mesh.may_send(A, "here/website-v2-0"),
        right=False,
        wrong=True,
        world=website_world,
    ),
}
