"""Of faults about who calls, and who is called."""

from conformance.tests.doubles.mesh_worlds import website_world
from conformance.tests.doubles.smi_objects import a_binding, a_group, a_target, an_account, an_entry
from conformance.tests.refmesh_faults.witnesses.asking import (
    BANK,
    FROM_ANYWHERE,
    LOOKALIKE,
    OUTSIDER,
    SHOP,
    THERE_A,
    THERE_SHOP,
    WEBSITE,
    A,
    B,
    bound,
    connects,
    granted,
    sends,
    twin_world,
)

WITNESSES = {
    "allows-everything": sends(OUTSIDER, right=False, after=((),)),
    "denies-everything": sends(A, right=True, after=(granted(),)),
    "ignores-routes": connects(A, right=False, after=(granted(),)),
    "first-source-only": sends(
        B, right=True, after=(granted(sources=[an_account("client-a"), an_account("client-b")]),)
    ),
    "empty-sources-open": sends(B, right=False, after=(granted(sources=[]),)),
    "ignores-source-namespace": sends(THERE_A, right=False, after=(granted(),)),
    "ignores-destination-namespace": sends(A, THERE_SHOP, right=False, after=(granted(),)),
    "omitted-namespace-is-any": sends(THERE_A, right=False, after=(FROM_ANYWHERE,)),
    "identity-from-labels": sends(LOOKALIKE, right=False, after=(granted(),)),
    "destination-from-labels": sends(
        A, WEBSITE, right=True, after=(granted(destination=an_account("website-v1")),), world=website_world
    ),
    "any-kind-is-an-account": sends(
        A, right=False, after=(granted(sources=[an_account("client-a", kind="Group")]),)
    ),
    "source-name-is-a-prefix": sends(A, right=False, after=(granted(sources=[an_account("client")]),)),
    "destination-name-is-a-prefix": sends(
        A, WEBSITE, right=False, after=(granted(destination=an_account("website")),), world=website_world
    ),
    "destination-may-be-a-service": sends(
        A, WEBSITE, right=False, after=(granted(destination=an_account("website")),), world=website_world
    ),
    "identity-from-deployment": sends(
        "here/twin-0",
        BANK,
        right=True,
        after=(granted(destination=an_account("bank"), sources=[an_account("shop")]),),
        world=twin_world,
    ),
    "group-is-an-account": sends(
        A, right=False, after=(granted(sources=[an_account("client-a", kind="Group")]),)
    ),
    "targets-keyed-by-name": sends(A, right=True, after=((*granted(), a_target(namespace="there")),)),
    "entries-keyed-by-name": sends(
        A,
        right=True,
        after=((*granted(), a_group("v1alpha4", an_entry(pathRegex="/api$"), name="two")),),
    ),
    "binding-labels-everywhere": sends(
        A,
        right=False,
        after=(
            (
                *bound("there"),
                a_binding(namespace="there", podLabelSelector={"matchLabels": {"app": "client-a"}}),
            ),
        ),
    ),
    "binding-wants-every-scheme": sends(
        A,
        right=True,
        after=(
            (
                *bound(),
                a_binding(serviceAccount="client-a", spiffeIdentities=["cluster.local/ns/here/sa/client-b"]),
            ),
        ),
    ),
    "grants-whole-namespace": sends(A, BANK, right=False, after=(granted(),)),
    "trusts-same-namespace": sends(B, right=False, after=(granted(),)),
    "trusts-same-account": sends(SHOP, right=False, after=(granted(),)),
}
