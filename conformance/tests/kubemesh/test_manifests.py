"""What an installation consists of: complete, labelled, and with just the rights that the control plane uses."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest

from conformance.errors import UsageError
from conformance.kubemesh.faulting import faults_data
from conformance.kubemesh.kinds import CORE, SMI
from conformance.kubemesh.manifests import MeshInstall, control_plane, crds, injector, metrics_server, path_of
from conformance.kubemesh.metering import settings as metering
from conformance.kubemesh.metering.registration import PORTS
from conformance.kubemesh.names import METRICS_PORT, OWNER_LABEL
from conformance.kubemesh.settings import read_settings
from conformance.refmesh.metrics import GROUP, VERSION
from conformance.refmesh.metrics.inventory import RESOURCES

WANTED = MeshInstall(image="mesh:1", pull_policy="Never", replicas=2, lifetime=timedelta(minutes=5))


def of_kind(kind):
    return next(one for one in control_plane(WANTED) if one["kind"] == kind)


def may(verb, group, resource):
    rules = of_kind("ClusterRole")["rules"]
    return any(
        group in one["apiGroups"] and {"*", resource} & set(one["resources"]) and verb in one["verbs"]
        for one in rules
    )


def test_everything_carries_the_label_that_removal_goes_by():
    """What lacks it would stay behind."""
    key, value = OWNER_LABEL
    for one in [*control_plane(WANTED), injector("PEM"), *crds("PEM"), *metrics_server(WANTED, "PEM")]:
        assert one["metadata"]["labels"][key] == value, path_of(one)


def test_deployment_is_as_wanted_and_tells_the_control_plane():
    """The control plane injects the image that it runs itself."""
    spec = of_kind("Deployment")["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    told = {one["name"]: one.get("value", "replica-0") for one in container["env"]}
    settings = read_settings(told)
    assert (spec["replicas"], container["image"], container["imagePullPolicy"]) == (2, "mesh:1", "Never")
    assert (settings.image, settings.pull_policy, settings.lifetime) == (
        "mesh:1",
        "Never",
        timedelta(minutes=5),
    )


@pytest.mark.parametrize("missing", ["SMI_IMAGE", "SMI_REPLICA", "SMI_CERTIFICATE_LIFETIME"])
def test_missing_variable_is_told_by_name(missing):
    """An installation by hand forgets one."""
    told = {"SMI_IMAGE": "i", "SMI_PULL_POLICY": "p", "SMI_REPLICA": "r", "SMI_CERTIFICATE_LIFETIME": "60"}
    del told[missing]
    with pytest.raises(UsageError, match=missing):
        read_settings(told)


def test_control_plane_may_listen_to_all_that_it_listens_to():
    """A right that is missing shows only on a cluster, and there as silence."""
    for one in CORE:
        resource = one.path.rpartition("/")[2]
        assert may("list", "", resource)
        assert may("watch", "", resource)
    for kind in SMI:
        assert may("list", kind.group.value, kind.plural)
        assert may("watch", kind.group.value, kind.plural)


def test_control_plane_may_read_no_secrets_of_others():
    """It holds the key of the mesh; whoever takes it over must not get the whole cluster with it."""
    for rule in of_kind("ClusterRole")["rules"]:
        assert "secrets" not in rule["resources"]
        assert "*" not in rule["apiGroups"]
        assert "*" not in rule["verbs"]


def test_control_plane_may_mend_trust_in_every_crd_of_ours():
    """One that is missing from the list would stay with an authority that is gone."""
    rules = of_kind("ClusterRole")["rules"]
    named = next(one["resourceNames"] for one in rules if "customresourcedefinitions" in one["resources"])
    assert set(named) == {one["metadata"]["name"] for one in crds("PEM")}


def test_no_pod_is_created_unasked():
    """While the control plane is gone, a pod without a sidecar would stand in the mesh unguarded."""
    (webhook,) = injector("PEM")["webhooks"]
    assert webhook["failurePolicy"] == "Fail"
    assert webhook["clientConfig"]["caBundle"] == "UEVN"


def test_paths_are_those_of_the_api_server():
    """Plural and group as it spells them."""
    assert path_of(injector("")) == (
        "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/smi-reference-mesh"
    )
    assert path_of(of_kind("Namespace")) == "/api/v1/namespaces/smi-reference-mesh"
    assert (
        path_of(of_kind("Deployment"))
        == "/apis/apps/v1/namespaces/smi-reference-mesh/deployments/control-plane"
    )


def test_each_change_of_faults_is_another():
    """Replicas say which change they have acted on, also when the same faults are set twice."""
    first, second = faults_data(["accepts-unmeshed-callers"]), faults_data(["accepts-unmeshed-callers"])
    assert first["faults"] == second["faults"] == "accepts-unmeshed-callers"
    assert first["serial"] != second["serial"]


def test_unknown_fault_is_refused_before_anything_changes():
    """The control plane would leave it out in silence."""
    with pytest.raises(UsageError, match="no fault"):
        faults_data(["opens-everything-wide"])


def test_metrics_server_is_told_what_it_needs():
    """Its window, whom to believe, and where figures come from."""
    wanted = replace(WANTED, window=timedelta(seconds=4), prometheus="http://prometheus:9090")
    *_, deployment, api_service = metrics_server(wanted, "PEM")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    told = {one["name"]: one.get("value", "metrics-0") for one in container["env"]}
    read = metering.read_settings(told)
    assert (read.window, read.authority, read.prometheus) == (wanted.window, "PEM", wanted.prometheus)
    assert container["image"] == "mesh:1"
    assert api_service["spec"]["caBundle"] == base64.b64encode(b"PEM").decode()
    assert (api_service["spec"]["group"], api_service["spec"]["version"]) == (GROUP, VERSION)


def test_metrics_server_may_list_what_figures_are_asked_of_and_no_secret():
    """Each of the eleven kinds, and nothing that it does not use."""
    rules = next(one for one in metrics_server(WANTED, "PEM") if one["kind"] == "ClusterRole")["rules"]
    listed = {
        (group, resource)
        for one in rules
        for group in one["apiGroups"]
        for resource in one["resources"]
        if {"list", "watch"} <= set(one["verbs"])
    }
    assert listed == {(one.api_version.rpartition("/")[0], one.plural) for one in RESOURCES}
    others = [one for one in rules if "list" not in one["verbs"]]
    assert others == [
        {"apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"]},
        {
            "apiGroups": ["apiregistration.k8s.io"],
            "resources": ["apiservices"],
            "resourceNames": ["v1alpha1.metrics.smi-spec.io"],
            "verbs": ["get", "patch"],
        },
    ]


def test_ways_to_the_metrics_server_are_its_services_ports():
    """One of them the API server is told, the other where that one fails."""
    objects = metrics_server(WANTED, "PEM")
    service = next(
        one for one in objects if one["kind"] == "Service" and one["metadata"]["name"] == "metrics"
    )
    assert tuple(one["port"] for one in service["spec"]["ports"]) == PORTS
    assert {one["targetPort"] for one in service["spec"]["ports"]} == {METRICS_PORT}
    assert objects[-1]["spec"]["service"]["port"] in PORTS


@pytest.mark.parametrize("seconds", [0, 0.5, 3601, -1])
def test_window_that_makes_no_sense_is_refused(seconds):
    """Before anything is installed."""
    with pytest.raises(UsageError, match="figures cannot cover"):
        metering.window_data(timedelta(seconds=seconds))


def test_window_is_noted_for_who_may_not_see_the_deployment():
    """Such as the suite's own account."""
    assert metering.window_in(metering.window_data(timedelta(seconds=4))) == timedelta(seconds=4)
    assert metering.window_in({}) is None


@pytest.mark.parametrize(("window", "period"), [(1, 0.3), (4, 0.3), (30, 1.5), (600, 5)])
def test_sidecars_are_asked_often_enough_for_the_window(window, period):
    """And not all the time."""
    assert metering.period_of(timedelta(seconds=window)) == timedelta(seconds=period)
