"""Of faults about changes that are missed."""

from conformance.tests.doubles.smi_objects import a_binding, a_group, a_target, an_account, an_entry
from conformance.tests.refmesh_faults.witnesses.asking import (
    BOTH,
    NEW_SHOP,
    TCP,
    A,
    B,
    bound,
    connects,
    empty_world,
    granted,
    on_ports,
    replaced,
    sends,
)

WITNESSES = {
    "ignores-target-delete": sends(A, right=False, after=(granted(), (a_group(),))),
    "ignores-target-update": sends(
        A, right=False, after=(granted(), granted(sources=[an_account("client-b")]))
    ),
    "ignores-route-edit": sends(A, right=False, after=(granted(), granted(an_entry(pathRegex="/api$")))),
    "route-delete-opens": sends(A, path="/api", right=False, after=(granted(), (a_target(),))),
    "ignores-route-delete": sends(A, right=False, after=(granted(), (a_target(),))),
    "ignores-tcp-route-delete": connects(A, right=False, after=(on_ports(8300), (a_target(rules=[TCP]),))),
    "ignores-binding-delete": sends(
        A, right=False, after=((*bound(), a_binding(serviceAccount="client-a")), bound())
    ),
    "keeps-first-binding": sends(
        A,
        right=False,
        after=(
            (*bound(), a_binding(serviceAccount="client-a")),
            (*bound(), a_binding(serviceAccount="client-b")),
        ),
    ),
    "keeps-old-destination": sends(
        A, right=False, after=(granted(), granted(destination=an_account("bank")))
    ),
    "tcp-route-edits-add": connects(A, right=False, after=(on_ports(8300), on_ports(8301))),
    "whole-group-is-named-once": sends(A, path="/api", right=True, after=(granted(BOTH[0]), granted(*BOTH))),
    "deletes-by-rule": sends(A, right=True, after=((*granted(), a_target(name="twin")), granted())),
    "bad-pattern-freezes": sends(
        A, right=True, after=((), (*granted(), a_group("v1alpha4", an_entry(pathRegex="/a("), name="bad")))
    ),
    "grants-pods-of-then": sends(A, NEW_SHOP, right=True, after=replaced("shop"), world=empty_world),
    "grants-callers-of-then": sends(
        "here/client-a-new-0", right=True, after=replaced("client-a"), world=empty_world
    ),
    "successors-are-open": sends(B, NEW_SHOP, right=False, after=replaced("shop"), world=empty_world),
}
