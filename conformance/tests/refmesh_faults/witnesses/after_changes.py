"""Of faults that show after several changes: what comes back, what is taken away, and what else a change touches."""

from conformance.refmesh.faults.written import renamed
from conformance.tests.doubles.mesh_worlds import website_world
from conformance.tests.doubles.smi_objects import (
    a_binding,
    a_group,
    a_port_route,
    a_rule,
    a_split,
    a_target,
    an_account,
    an_entry,
)
from conformance.tests.refmesh_faults.witnesses.asking import (
    BANK,
    FIREFOX,
    NEW_SHOP,
    REFERENCE,
    THERE_SHOP,
    A,
    B,
    Witness,
    bound,
    connects,
    empty_world,
    granted,
    on_ports,
    replaced,
    sends,
    shares,
    some_shares,
    splitting,
    two_targets,
)

ACCOUNT_B = an_account("client-b")
LABELS = {"matchLabels": {"app": "client-a"}}


def exchanged(first, second):
    """Write two targets with a destination each."""
    return (
        *granted(name="one", destination=an_account(first)),
        a_target(name="two", destination=an_account(second), sources=[ACCOUNT_B]),
    )


def rooted(**roots):
    """Write splits, all to website-v1, each with a root of its own."""
    return tuple(
        renamed(a_split(backends={"website-v1": 1}, root=root), name) for name, root in roots.items()
    )


def behind_a_split(*policies, path, right):
    """Ask whether client-a may send to website-v1, while the website is split."""
    return Witness(
        policies=tuple((*splitting(website_v1=1), *one) for one in policies),
        ask=lambda mesh: mesh.may_send(A, "here/website-v1-0", path=path),
        right=right,
        wrong=not right,
        world=website_world,
    )


WEBSITE_V1 = an_account("website-v1")
ALONE = granted(an_entry(pathRegex="/metrics$"), destination=WEBSITE_V1, name="one")
NEIGHBOUR = (
    a_target(name="two", destination=WEBSITE_V1, sources=[ACCOUNT_B], rules=[a_rule("api")]),
    a_group("v1alpha4", an_entry(pathRegex="/api$"), name="api"),
)

WITNESSES = {
    "made-again-as-before": sends(A, right=False, after=(granted(), (), granted(sources=[ACCOUNT_B]))),
    "edits-taken-back-are-missed": sends(
        A, right=True, after=(granted(), granted(sources=[ACCOUNT_B]), granted())
    ),
    "narrowing-edits-are-missed": sends(
        A,
        right=False,
        after=(granted(sources=[an_account("client-a"), ACCOUNT_B]), granted(sources=[ACCOUNT_B])),
    ),
    "edits-keep-omitted-fields": sends(
        A, path="/api", right=True, after=(granted(), granted(an_entry(methods=["GET"])))
    ),
    "last-written-target-wins": sends(
        A, right=True, after=(granted(an_entry(pathRegex="/metrics$"), name="one"), two_targets())
    ),
    "edit-takes-from-others": sends(
        A,
        right=True,
        after=((*granted(), a_target(name="twin")), (*granted(sources=[ACCOUNT_B]), a_target(name="twin"))),
    ),
    "edit-clears-former-destination": sends(
        A, BANK, right=True, after=(exchanged("shop", "bank"), exchanged("bank", "shop"))
    ),
    "route-edit-reaches-one-target": sends(
        A,
        right=False,
        after=(
            exchanged("shop", "bank"),
            (*exchanged("shop", "bank")[::2], *granted(an_entry(pathRegex="/api$"), name="one")),
        ),
    ),
    "deletes-by-name": sends(
        A,
        THERE_SHOP,
        right=True,
        after=(
            (*granted(), a_target(namespace="there"), a_group(namespace="there")),
            (a_target(namespace="there"), a_group(namespace="there")),
        ),
    ),
    "split-edit-clears-former-root": shares(
        rooted(one="website", two="website-v2"),
        rooted(one="website-v2", two="website"),
        to="here/website-v2",
        right=some_shares(website_v1=1),
        wrong=some_shares(website_v2=1),
    ),
    "split-delete-drops-shared-backends": shares(
        rooted(one="website", two="website-v2"),
        rooted(one="website"),
        right=some_shares(website_v1=1),
        wrong=503,
    ),
    "split-keeps-first-matches": shares(
        (a_split(backends={"website-v1": 1}, matches=[REFERENCE]), FIREFOX),
        (a_split(backends={"website-v1": 1}), FIREFOX),
        right=some_shares(website_v1=1),
        wrong=some_shares(website=1),
    ),
    "split-never-rolls-back": shares(
        splitting(website_v1=0, website_v2=1),
        splitting(website_v1=1, website_v2=0),
        right=some_shares(website_v1=1),
        wrong=some_shares(website_v2=1),
    ),
    "split-mixes-callers": behind_a_split((*ALONE, *NEIGHBOUR), path="/api", right=False),
    "split-knows-earlier-grants-only": behind_a_split((), ALONE, path="/metrics", right=True),
    "successors-miss-edits": sends(
        A,
        NEW_SHOP,
        right=False,
        after=replaced("shop", granted(), granted(sources=[ACCOUNT_B])),
        world=empty_world,
    ),
    "successors-open-to-tcp": connects(B, NEW_SHOP, right=False, after=replaced("shop"), world=empty_world),
    "tcp-grants-stay": connects(A, right=False, after=(on_ports(8300), (a_port_route(ports=[8300]),))),
    "binding-knows-pods-of-then": sends(
        "here/client-a-new-0",
        right=True,
        after=replaced("client-a", (*bound(), a_binding(podLabelSelector=LABELS))),
        world=empty_world,
    ),
    "binding-edits-merge-schemes": sends(
        A,
        right=False,
        after=(
            (*bound(), a_binding(podLabelSelector=LABELS)),
            (*bound(), a_binding(serviceAccount="client-b")),
        ),
    ),
}
