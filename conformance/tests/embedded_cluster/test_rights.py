"""Who may do what on the embedded cluster: the rules of Kubernetes' role-based access control."""

from dataclasses import replace

import pytest

from conformance.cluster.embedded.authorisation import is_allowed
from conformance.errors import ManifestRefusedError
from conformance.model.api import ApiAction
from conformance.model.manifest import Manifest, ObjectRef
from conformance.model.topology import Identity
from conformance.tests.doubles.objects import a_binding, a_namespace, a_role, an_account

GROUP = "metrics.smi-spec.io"
SHOP = Identity("here", "shop")
READ = ApiAction(account=SHOP, verb="list", group=GROUP, resource="pods", namespace="here")
NAMED = replace(READ, verb="get", name="till-0")


def may(action: ApiAction, *manifests: Manifest) -> bool:
    return is_allowed({one.ref: one for one in manifests}, action)


def test_nothing_is_granted_by_itself():
    """No roles, no rights; a role that nobody is bound to, and a binding to a role that is not there, give none."""
    assert not may(READ)
    assert not may(READ, a_role())
    assert not may(READ, a_binding())


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        (READ, True),
        (NAMED, True),
        (replace(READ, verb="watch"), False),
        (replace(READ, group=""), False),
        (replace(READ, resource="deployments"), False),
        (replace(READ, resource="pods/edges"), False),
        (replace(READ, namespace="there"), False),
        (replace(READ, namespace=""), False),
        (replace(READ, account=Identity("here", "client-a")), False),
        (replace(READ, account=Identity("there", "shop")), False),
    ],
    ids=lambda value: (
        f"{value.verb} {value.resource} in {value.namespace}" if isinstance(value, ApiAction) else None
    ),
)
def test_role_grants_what_it_says_and_where_it_lies(action, allowed):
    """Verb, group, resource, namespace and account have to fit, each."""
    assert may(action, a_role(), a_binding()) is allowed


@pytest.mark.parametrize(
    ("resources", "wanted", "allowed"),
    [
        (["*"], "pods", True),
        (["*"], "pods/edges", True),
        (["pods/edges"], "pods/edges", True),
        (["pods/edges"], "pods", False),
        (["*/edges"], "pods/edges", True),
        (["*/edges"], "edges", False),
        (["pods/*"], "pods/edges", False),
    ],
)
def test_sub_resources_are_resources_of_their_own(resources, wanted, allowed):
    """As on Kubernetes: a star is all, and a star before a slash is that part of everything."""
    assert may(replace(READ, resource=wanted), a_role(resources=resources), a_binding()) is allowed


@pytest.mark.parametrize("field", ["verbs", "apiGroups", "resources"])
def test_star_means_all(field):
    """In each of the three."""
    assert may(READ, a_role(**{field: ["*"]}), a_binding())


def test_names_restrict_a_rule():
    """Only these objects, and no list, which has no name."""
    policy = (a_role(resourceNames=["till-0"]), a_binding())
    assert may(NAMED, *policy)
    assert not may(replace(NAMED, name="till-1"), *policy)
    assert not may(READ, *policy)


def test_rules_add_up():
    """Any rule of any role that the account is bound to grants; rules for paths grant nothing."""
    elsewhere = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    paths = {"nonResourceURLs": ["/apis"], "verbs": ["*"]}
    two = a_role("reader", "here", elsewhere, a_role().body["rules"][0])
    assert may(READ, two, a_binding())
    assert not may(READ, a_role("reader", "here", elsewhere, paths), a_binding())


def test_cluster_role_holds_where_it_is_bound():
    """In one namespace by a RoleBinding, everywhere and for all namespaces at once by a ClusterRoleBinding."""
    role = a_role("all", "")
    here, everywhere = a_binding(role="all"), a_binding("all", "")
    assert may(READ, role, here)
    assert not may(replace(READ, namespace="there"), role, here)
    assert not may(replace(READ, namespace=""), role, here)
    assert may(replace(READ, namespace="there"), role, everywhere)
    assert may(replace(READ, namespace=""), role, everywhere)


@pytest.mark.parametrize(
    ("kind", "name", "allowed"),
    [
        ("Group", "system:serviceaccounts", True),
        ("Group", "system:serviceaccounts:here", True),
        ("Group", "system:serviceaccounts:there", False),
        ("Group", "system:authenticated", True),
        ("Group", "system:unauthenticated", False),
        ("User", "system:serviceaccount:here:shop", True),
        ("User", "shop", False),
    ],
)
def test_groups_and_user_names_of_accounts(kind, name, allowed):
    """An API server knows a service account by these."""
    subject = {"kind": kind, "name": name, "apiGroup": "rbac.authorization.k8s.io"}
    assert may(READ, a_role(), a_binding(subject=subject)) is allowed


def test_stored_rights_hold_until_they_are_deleted(cluster):
    """The cluster asks what is stored now."""
    cluster.apply([an_account(), a_role(), a_binding()])
    assert cluster.allows(READ)
    cluster.delete([ObjectRef("RoleBinding", "here", "reader")])
    assert not cluster.allows(READ)


def test_cluster_roles_are_stored_in_no_namespace(cluster):
    """What lies in the cluster survives its namespaces, and role names may have colons."""
    cluster.apply([a_role("system:all", ""), a_binding("system:all", "")])
    cluster.delete([ObjectRef("Namespace", "", "here")])
    assert cluster.allows(READ)


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (a_role(verbs=[]), "rules[0].verbs: Required value: verbs must contain at least one value"),
        (
            a_role(apiGroups=[]),
            "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
        ),
        (
            a_role(resources=[]),
            "rules[0].resources: Required value: resource rules must supply at least one resource",
        ),
        (a_role(nonResourceURLs=["/apis"]), "namespaced rules cannot apply to non-resource URLs"),
        (
            a_binding(subject={"kind": "ServiceAccount", "name": "shop"}),
            "subjects[0].namespace: Required value",
        ),
        (
            a_binding(subject={"kind": "Robot", "name": "shop"}),
            'subjects[0].kind: Unsupported value: "Robot"',
        ),
        (a_role("a/b"), "may not contain '/' or '%'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_kubernetes_refuses_is_refused(cluster, manifest, words):
    """In its words."""
    with pytest.raises(ManifestRefusedError) as refused:
        cluster.apply([manifest])
    assert words in refused.value.what


def test_binding_keeps_its_role(cluster):
    """Kubernetes lets nobody bind the same subjects to another role."""
    cluster.apply([a_namespace("there"), a_binding()])
    with pytest.raises(ManifestRefusedError, match="cannot change roleRef"):
        cluster.apply([a_binding(role="all")])
