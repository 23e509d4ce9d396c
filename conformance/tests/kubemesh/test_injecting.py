"""What a pod becomes when it joins the mesh."""

import base64
import copy
import json
from dataclasses import replace

import pytest

from conformance.kubemesh.admission import reviewed
from conformance.kubemesh.patch import Injection, is_left_alone, patch, why_refused

INJECTION = Injection(image="mesh:1", pull_policy="Never", authority="PEM")


def a_pod(annotations=None, **spec):
    metadata = {"name": "shop"} | ({"annotations": annotations} if annotations is not None else {})
    return {"metadata": metadata, "spec": {"containers": [{"name": "app", "image": "app"}], **spec}}


def patched(pod):
    """Apply the operations, all of which set one member of an object."""
    result = copy.deepcopy(pod)
    for operation in patch(pod, INJECTION):
        assert operation["op"] == "add"
        *path, last = operation["path"].split("/")[1:]
        place = result
        for one in path:
            place = place[one]
        place[last] = operation["value"]
    return result


def test_pod_is_shown_to_prometheus_only_where_the_mesh_is_installed_so():
    """What sidecars show there nobody has to prove a right for; and an application that is scraped stays so."""
    scraped = replace(INJECTION, scraped=True)
    (plain,) = [one["value"] for one in patch(a_pod(), INJECTION) if one["path"].endswith("annotations")]
    (shown,) = [one["value"] for one in patch(a_pod(), scraped) if one["path"].endswith("annotations")]
    own = {"prometheus.io/scrape": "true", "prometheus.io/port": "9000"}
    (kept,) = [one["value"] for one in patch(a_pod(own), scraped) if one["path"].endswith("annotations")]
    assert not [one for one in plain if one.startswith("prometheus.io/")]
    assert shown["prometheus.io/port"] == "15020"
    assert kept["prometheus.io/port"] == "9000"


def named(result, key):
    return {one["name"]: one for one in result["spec"].get(key, ())}


def test_pod_gets_proxy_rules_token_and_annotations():
    """Without any one of them calls would go past the sidecar, or it would have no identity."""
    result = patched(a_pod())
    assert list(named(result, "containers")) == ["app", "smi-proxy"]
    assert list(named(result, "initContainers")) == ["smi-redirect"]
    (source,) = named(result, "volumes")["smi-token"]["projected"]["sources"]
    assert source["serviceAccountToken"]["audience"] == "smi-reference-mesh"
    assert result["metadata"]["annotations"] == {
        "smi-conformance/sidecar": "true",
        "smi-conformance/app-address": "127.0.0.1",
    }


def test_connections_are_redirected_before_the_pods_own_init_containers():
    """Whatever they call, they call as members of the mesh, or not at all."""
    result = patched(a_pod(initContainers=[{"name": "migrate"}]))
    assert list(named(result, "initContainers")) == ["smi-redirect", "migrate"]


def test_only_the_init_container_has_a_right_and_only_one():
    """A proxy that may change the rules could be made to."""
    result = patched(a_pod())
    redirect = named(result, "initContainers")["smi-redirect"]["securityContext"]
    proxy = named(result, "containers")["smi-proxy"]["securityContext"]
    assert redirect["capabilities"] == {"drop": ["ALL"], "add": ["NET_ADMIN"]}
    assert proxy["capabilities"] == {"drop": ["ALL"]}
    assert (proxy["runAsUser"], proxy["runAsNonRoot"]) == (1337, True)


def test_token_is_mounted_in_the_proxy_only():
    """The application has no use for the mesh's proof of identity."""
    result = patched(a_pod())
    mounts = named(result, "containers")["smi-proxy"]["volumeMounts"]
    assert {"smi-token", "smi-mesh"} == {one["name"] for one in mounts}
    assert "volumeMounts" not in named(result, "containers")["app"]


def test_what_the_pod_has_stays():
    """Volumes and annotations of its own are none of the mesh's business."""
    result = patched(a_pod({"owner": "me"}, volumes=[{"name": "data", "emptyDir": {}}]))
    assert result["metadata"]["annotations"]["owner"] == "me"
    assert "data" in named(result, "volumes")


def test_second_time_changes_nothing():
    """The API server may ask again after other webhooks; two proxies would fight for one port."""
    assert patch(patched(a_pod()), INJECTION) == []


def test_defaults_of_the_api_server_are_no_difference():
    """When it asks again, it has filled in fields."""
    result = patched(a_pod())
    for one in result["spec"]["containers"] + result["spec"]["initContainers"]:
        one["terminationMessagePath"] = "/dev/termination-log"
    named(result, "containers")["smi-proxy"]["volumeMounts"].append(
        {"name": "kube-api-access", "mountPath": "/x"}
    )
    assert patch(result, INJECTION) == []


def test_impostor_under_the_proxys_name_is_replaced():
    """A pod that brings a container of that name would be taken for one with a sidecar."""
    result = patched(
        a_pod(containers=[{"name": "smi-proxy", "image": "mine"}, {"name": "app", "image": "app"}])
    )
    assert named(result, "containers")["smi-proxy"]["image"] == "mesh:1"
    assert len(result["spec"]["containers"]) == 2


@pytest.mark.parametrize(
    "pod",
    [a_pod(hostNetwork=True), a_pod({"smi-conformance/inject": "false"})],
    ids=["on the node", "on request"],
)
def test_some_pods_are_left_alone(pod):
    """On its node's network a pod's rules would be the node's."""
    assert is_left_alone(pod)
    assert patch(pod, INJECTION) == []


@pytest.mark.parametrize(
    "pod",
    [
        a_pod(securityContext={"runAsUser": 1337}),
        a_pod(containers=[{"name": "app", "securityContext": {"runAsUser": 1337}}]),
        a_pod(initContainers=[{"name": "setup", "securityContext": {"runAsUser": 1337}}]),
    ],
    ids=["pod", "container", "init container"],
)
def test_application_that_runs_as_the_proxys_user_is_refused(pod):
    """Its connections would not be redirected."""
    assert "1337" in why_refused(pod)
    answer = reviewed({"request": {"uid": "1", "object": pod}}, INJECTION)["response"]
    assert answer["allowed"] is False


def test_pod_that_was_patched_is_not_refused():
    """When the API server asks again, the sidecar itself runs as that user."""
    assert not why_refused(patched(a_pod()))


def test_review_is_answered_with_the_patch():
    """The API server reads the operations from base64, under the question's uid."""
    answer = reviewed({"request": {"uid": "u", "object": a_pod()}}, INJECTION)["response"]
    assert (answer["uid"], answer["allowed"], answer["patchType"]) == ("u", True, "JSONPatch")
    assert json.loads(base64.b64decode(answer["patch"])) == patch(a_pod(), INJECTION)


def test_review_of_a_pod_that_stays_outside_has_no_patch():
    """An empty patch would be refused by the API server."""
    answer = reviewed({"request": {"uid": "u", "object": a_pod(hostNetwork=True)}}, INJECTION)["response"]
    assert answer == {"uid": "u", "allowed": True}
