"""What the suite's account needs, and what the manifest that is shipped grants."""

import yaml

from conformance.cluster.kubernetes import missing_permissions
from conformance.cluster.kubernetes.permissions import Permission, needed_permissions
from conformance.places import fixtures_root


def _granted():
    documents = yaml.safe_load_all((fixtures_root() / "rbac" / "suite.yaml").read_text())
    role = next(one for one in documents if one["kind"] == "ClusterRole")
    return [
        Permission(group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    ]


def test_manifest_grants_exactly_what_is_needed():
    """More would not be least privilege, less would not do, and nothing stands twice."""
    assert sorted(_granted()) == list(needed_permissions())


def test_no_wildcard_and_no_secret_is_granted():
    """A star would grant what nobody has looked at; but each mesh serves metrics of resources of its own."""
    for one in _granted():
        assert "*" not in (one.group, one.verb)
        assert one.resource != "*" or one.group == "metrics.smi-spec.io"
        assert one.resource != "secrets"


def test_account_that_may_do_all_lacks_nothing(api):
    """Every review says yes."""
    assert missing_permissions(api) == ()


def test_what_is_missing_is_named(api, fake):
    """With its subresource, and its group where it has one."""
    fake.denied = {("pods", "exec", "create"), ("trafficsplits", "", "update")}
    assert missing_permissions(api) == ("create pods/exec", "update trafficsplits in split.smi-spec.io")
