"""Says who may do what, after the rules of Kubernetes' role-based access control. Pure.

Spec: Kubernetes, "Using RBAC Authorization". Rights only add up; what no rule grants is refused. Rules for paths that
are no resources (``nonResourceURLs``) are stored and grant nothing here: nobody asks about such paths.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from conformance.cluster.embedded.draft import Objects, of_kind
from conformance.model.api import ApiAction
from conformance.model.manifest import Manifest, ObjectRef
from conformance.model.topology import Identity

_ALL = "*"


def is_allowed(objects: Objects, action: ApiAction) -> bool:
    """Say whether the stored roles and bindings let an account do *action*.

    A ClusterRoleBinding counts everywhere; a RoleBinding in its own namespace only, even to a ClusterRole.
    """
    rules = (
        rule
        for binding in _bindings(objects, action.namespace)
        if any(_means(subject, binding, action.account) for subject in binding.body.get("subjects", ()))
        for rule in _rules(objects, binding)
    )
    return any(_covers(rule, action) for rule in rules)


def _bindings(objects: Objects, namespace: str) -> Iterator[Manifest]:
    yield from of_kind(objects, "ClusterRoleBinding")
    if namespace:
        yield from of_kind(objects, "RoleBinding", namespace)


def _rules(objects: Objects, binding: Manifest) -> Iterable[Mapping[str, Any]]:
    role = binding.body["roleRef"]
    namespace = binding.namespace if role["kind"] == "Role" else ""
    found = objects.get(ObjectRef(role["kind"], namespace, role["name"]))
    return found.body.get("rules") or () if found else ()


def _means(subject: Mapping[str, Any], binding: Manifest, account: Identity) -> bool:
    match subject["kind"]:
        case "ServiceAccount":
            namespace = subject.get("namespace") or binding.namespace
            return Identity(namespace, subject["name"]) == account
        case "Group":
            return subject["name"] in _groups(account)
        case _:
            return bool(subject["name"] == user_name(account))


def user_name(account: Identity) -> str:
    """Give the user name that an API server knows a service account by."""
    return f"system:serviceaccount:{account.namespace}:{account.account}"


def _groups(account: Identity) -> tuple[str, ...]:
    everybody = "system:serviceaccounts"
    return "system:authenticated", everybody, f"{everybody}:{account.namespace}"


def _covers(rule: Mapping[str, Any], action: ApiAction) -> bool:
    return (
        _has(rule.get("verbs"), action.verb)
        and _has(rule.get("apiGroups"), action.group)
        and any(_is_resource(one, action.resource) for one in rule.get("resources") or ())
        and (not rule.get("resourceNames") or action.name in rule["resourceNames"])
    )


def _has(values: Iterable[str] | None, wanted: str) -> bool:
    return any(value in (_ALL, wanted) for value in values or ())


def _is_resource(granted: str, wanted: str) -> bool:
    """Whether a rule's resource covers what is asked for: ``*``, the very same, or ``*/status`` for any's status."""
    _, slash, part = wanted.partition("/")
    return granted in (_ALL, wanted) or (bool(slash) and granted == f"*/{part}")
