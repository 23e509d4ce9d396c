"""What the embedded cluster accepts, what it refuses, and in which words."""

from dataclasses import replace
from typing import Any

import pytest

from conformance.cluster.embedded import FieldValidation, LocalCluster
from conformance.errors import ManifestRefusedError
from conformance.model.manifest import Manifest, ObjectRef
from conformance.tests.doubles.objects import (
    STAND_IN_APP,
    a_deployment,
    a_namespace,
    a_service,
    a_split,
    a_target,
    an_account,
)

SPLIT = ObjectRef("TrafficSplit", "here", "website")


@pytest.fixture(scope="module")
def shared_cluster(tmp_path_factory):
    """One cluster for all refusals, since they leave nothing in it."""
    with LocalCluster("refusals", tmp_path_factory.mktemp("runs"), app_module=STAND_IN_APP) as opened:
        opened.apply([a_namespace()])
        yield opened


def _with(manifest: Manifest, **metadata: Any) -> Manifest:
    return replace(manifest, body={**manifest.body, "metadata": {**manifest.body["metadata"], **metadata}})


def _with_spec(manifest: Manifest, **spec: Any) -> Manifest:
    return replace(manifest, body={**manifest.body, "spec": {**manifest.body["spec"], **spec}})


REFUSALS = [
    (
        "a string as a weight",
        a_split(weight="50"),
        'spec.backends[0].weight in body must be of type integer: "string"',
    ),
    (
        "a name that is no DNS name",
        _with(an_account(), name="Shop"),
        'ServiceAccount "Shop" is invalid: metadata.name: Invalid value: "Shop": a lowercase RFC 1123 sub',
    ),
    (
        "a Service that starts with a digit",
        _with(a_service(), name="1shop"),
        'Service "1shop" is invalid: metadata.name: Invalid value: "1shop": a DNS-1035 label',
    ),
    (
        "a namespace with a dot",
        a_namespace("a.b"),
        'Namespace "a.b" is invalid: metadata.name: Invalid value: "a.b": a lowercase RFC 1123 label',
    ),
    (
        "no name",
        _with(an_account(), name=""),
        'ServiceAccount "" is invalid: metadata.name: Required value: name or generateName is required',
    ),
    (
        "a label that is none",
        _with(an_account(), labels={"app": "-"}),
        'ServiceAccount "shop" is invalid: metadata.labels: Invalid value: "-": a valid label',
    ),
    ("a namespace that is not there", an_account(namespace="there"), 'namespaces "there" not found'),
    ("no namespace", an_account(namespace=""), "an empty namespace may not be set"),
    ("a namespaced Namespace", _with(a_namespace("more"), namespace="here"), "Namespace is not namespaced"),
    (
        "a kind nobody knows",
        Manifest({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key", "namespace": "here"}}),
        'no matches for kind "Secret" in version "v1"',
    ),
    (
        "a version that is not served",
        replace(a_split(), body={**a_split().body, "apiVersion": "split.smi-spec.io/v1alpha9"}),
        'no matches for kind "TrafficSplit" in version "split.smi-spec.io/v1alpha9"',
    ),
    (
        "an account that is not there",
        a_deployment(account="nobody"),
        'error looking up service account here/nobody: serviceaccount "nobody" not found',
    ),
    (
        "a field that only a real cluster honours",
        _with_spec(a_deployment(), strategy={"type": "Recreate"}),
        'Deployment.apps "shop" is invalid: spec.strategy: Forbidden: the embedded cluster does not honour',
    ),
    (
        "an image that nobody has",
        Manifest(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "web", "namespace": "here"},
                "spec": {"containers": [{"name": "web", "image": "nginx"}]},
            }
        ),
        'image: Unsupported value: "nginx": supported values: "smi-conformance/probe"',
    ),
    (
        "a selector that misses the template",
        _with_spec(a_deployment(), selector={"matchLabels": {"app": "other"}}),
        "`selector` does not match template `labels`",
    ),
    (
        "two ports without names",
        a_service(ports=[{"port": 80}, {"port": 81}]),
        'Service "shop" is invalid: [spec.ports[0].name: Required value, spec.ports[1].name: Required value]',
    ),
    (
        "one port twice",
        a_service(ports=[{"name": "a", "port": 80}, {"name": "b", "port": 80}]),
        'Service "shop" is invalid: spec.ports[1].port: Duplicate value: 80',
    ),
    (
        "an address of one's own choice",
        a_service(clusterIP="127.0.0.1"),
        'spec.clusterIP: Invalid value: "127.0.0.1": the embedded cluster chooses addresses itself',
    ),
    ("no metadata", Manifest({"apiVersion": "v1", "kind": "Namespace"}), "the manifest has no metadata"),
]


@pytest.mark.parametrize(("manifest", "words"), [pytest.param(*rest, id=name) for name, *rest in REFUSALS])
def test_manifest_is_refused_in_the_words_of_an_api_server(shared_cluster, manifest, words):
    """What is wrong is said as Kubernetes says it, and nothing is stored."""
    before = shared_cluster.list(str(manifest.body["kind"]))
    with pytest.raises(ManifestRefusedError) as refused:
        shared_cluster.apply([manifest])
    assert words in refused.value.what
    assert shared_cluster.list(str(manifest.body["kind"])) == before


def test_refusal_says_which_object_and_what_to_do(cluster):
    """Whoever reads the message needs no source: it names the object, and the versions that are served."""
    with pytest.raises(ManifestRefusedError) as refused:
        cluster.apply([a_split(colour="red")])
    assert refused.value.where == "TrafficSplit here/website"
    assert refused.value.hint.endswith("served are v1alpha1, v1alpha2, v1alpha3, v1alpha4")


def test_unknown_field_is_refused_when_validation_is_strict(cluster):
    """Strict is the default: a field of another version does not vanish unseen."""
    destination = {"kind": "ServiceAccount", "name": "shop", "namespace": "here", "port": 8080}
    with pytest.raises(ManifestRefusedError) as refused:
        cluster.apply([a_target("v1alpha3", destination=destination)])
    assert refused.value.what == (
        'TrafficTarget in version "v1alpha3" cannot be handled as a TrafficTarget: strict decoding error: '
        'unknown field "spec.destination.port"'
    )


@pytest.mark.parametrize("validation", [FieldValidation.WARN, FieldValidation.IGNORE])
def test_unknown_field_is_dropped_when_validation_is_not_strict(cluster: LocalCluster, validation):
    """The stored object shows that the field is gone, as on a real server."""
    cluster.apply([a_split("v1alpha2", matches=[{"kind": "HTTPRouteGroup"}])], field_validation=validation)
    stored = cluster.read(SPLIT)
    assert stored is not None
    assert sorted(stored.body["spec"]) == ["backends", "service"]


def test_warning_names_the_dropped_field(cluster, caplog):
    """A person who asked for warnings gets one."""
    cluster.apply([a_split("v1alpha2", matches=[])], field_validation=FieldValidation.WARN)
    assert [record.fields for record in caplog.records] == [["spec.matches"]]


def test_field_of_a_core_kind_is_never_dropped(cluster):
    """What the embedded cluster would not honour it refuses, however lenient the caller is."""
    manifest = a_service(externalTrafficPolicy="Local")
    with pytest.raises(ManifestRefusedError, match=r"spec\.externalTrafficPolicy: Forbidden"):
        cluster.apply([manifest], field_validation=FieldValidation.IGNORE)


def test_selector_of_a_deployment_cannot_change(cluster):
    """As on Kubernetes; else pods of the old selector would be nobody's."""
    cluster.apply([a_deployment(replicas=0, version="v1")])
    changed = _with_spec(
        a_deployment(replicas=0, version="v1"), selector={"matchLabels": {"app": "shop", "version": "v1"}}
    )
    with pytest.raises(ManifestRefusedError, match=r"spec\.selector: .*field is immutable"):
        cluster.apply([changed])


def test_object_that_was_read_back_can_be_applied_again(cluster):
    """What the server itself wrote into an object is no unknown field."""
    cluster.apply([a_service(), a_split()])
    for ref in (ObjectRef("Service", "here", "shop"), SPLIT):
        stored = cluster.read(ref)
        cluster.apply([stored])
        assert cluster.read(ref) is stored
