"""What the cluster makes of what people declare: ReplicaSets and Pods, addresses, a node, default accounts.

A change of a Deployment's template replaces its ReplicaSet and its Pods at once; nothing is rolled over bit by bit,
and no old ReplicaSet is kept. Pods of owners of other kinds stay as they were made.
"""

import hashlib
import itertools
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.cluster.embedded.addresses import Allotment
from conformance.cluster.embedded.draft import Draft, Objects, of_kind
from conformance.errors import ManifestRefusedError
from conformance.model.manifest import Manifest, ObjectRef

TEMPLATE_HASH = "pod-template-hash"
"""Label that says from which state of the template a Pod was made, as on Kubernetes."""
NODE = "local"
"""The only node, which every Pod is on: this machine."""
DIRECT_OWNERS = ("DaemonSet", "Job", "ReplicationController", "StatefulSet")
"""Kinds whose objects own their Pods without anything between."""
POD_NAME = "statefulset.kubernetes.io/pod-name"
"""Label of a StatefulSet's Pod, as on Kubernetes: its own name."""
_OWNERS = ("Deployment", "ReplicaSet", *DIRECT_OWNERS)
_NAME_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(slots=True)
class Controllers:
    """Brings a draft to what it declares."""

    allotment: Allotment
    leaving: Callable[[], frozenset[str]]
    """Addresses of pods that are no longer stored while their processes still end."""

    def reconcile(self, draft: Draft) -> None:
        """Add and remove what follows from the objects of *draft*.

        Raises:
            ManifestRefusedError: A pod's service account does not exist.
            EnvironmentBrokenError: There are no addresses left.
        """
        for namespace in draft.of_kind("Namespace"):
            _give_default_account(draft, namespace.name)
        for service in draft.of_kind("Service"):
            self._give_cluster_ip(draft, service)
        for deployment in draft.of_kind("Deployment"):
            _roll_out(draft, deployment)
        _remove_orphans(draft, "ReplicaSet")
        _remove_orphans(draft, "Pod")
        for kind in ("ReplicaSet", *DIRECT_OWNERS):
            for owner in draft.of_kind(kind):
                _scale(draft, owner)
        for pod in draft.of_kind("Pod"):
            if "status" not in pod.body:
                _check_account(draft, pod)
                self._place(draft, pod)

    def _give_cluster_ip(self, draft: Draft, service: Manifest) -> None:
        if not service.body["spec"].get("clusterIP"):
            taken = [one.body["spec"].get("clusterIP", "") for one in draft.of_kind("Service")]
            spec = {**service.body["spec"], "clusterIP": self.allotment.service(taken)}
            draft.objects[service.ref] = Manifest({**service.body, "spec": spec})

    def _place(self, draft: Draft, pod: Manifest) -> None:
        """Give a Pod its node and its address."""
        taken = {one.body.get("status", {}).get("podIP", "") for one in draft.of_kind("Pod")}
        address = self.allotment.pod(taken | self.leaving())
        spec = {**pod.body["spec"], "nodeName": NODE}
        status = {"phase": "Pending", "podIP": address, "podIPs": [{"ip": address}], "conditions": []}
        draft.objects[pod.ref] = Manifest({**pod.body, "spec": spec, "status": status})


def _owned(objects: Objects, kind: str, owner: Manifest) -> Iterator[Manifest]:
    uid = owner.body["metadata"]["uid"]
    for one in of_kind(objects, kind, owner.namespace):
        if any(reference["uid"] == uid for reference in owners(one)):
            yield one


def owners(one: Manifest) -> tuple[Mapping[str, Any], ...]:
    """List the owner references of an object."""
    return tuple(one.body["metadata"].get("ownerReferences", ()))


def workload_of(pod: Manifest) -> str:
    """Key of the Deployment a Pod belongs to, or of its owner of another kind.

    A StatefulSet's Pods have names that stay, so that each is a workload of its own, as one without owner is.
    """
    owner = owners(pod)
    name = str(owner[0]["name"]) if owner and owner[0]["kind"] != "StatefulSet" else pod.name
    template_hash = pod.body["metadata"].get("labels", {}).get(TEMPLATE_HASH, "")
    return f"{pod.namespace}/{name.removesuffix(f'-{template_hash}') if owner and template_hash else name}"


def _roll_out(draft: Draft, deployment: Manifest) -> None:
    """Let *deployment* own one ReplicaSet, that of its template."""
    spec = deployment.body["spec"]
    wanted = _replica_set(deployment, {TEMPLATE_HASH: _hash(spec["template"])})
    for one in list(_owned(draft.objects, "ReplicaSet", deployment)):
        if one.name != wanted["metadata"]["name"]:
            draft.remove(one.ref)
    draft.put(wanted)


def _replica_set(deployment: Manifest, mark: Mapping[str, str]) -> dict[str, Any]:
    """Write the ReplicaSet of a Deployment; *mark* is the label that tells its Pods from those of other templates."""
    spec = deployment.body["spec"]
    metadata = spec["template"]["metadata"]
    labels = {**metadata["labels"], **mark}
    return {
        "apiVersion": deployment.api_version,
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{deployment.name}-{mark[TEMPLATE_HASH]}",
            "namespace": deployment.namespace,
            "labels": labels,
            "ownerReferences": [_reference(deployment)],
        },
        "spec": {
            "replicas": spec["replicas"],
            "selector": {"matchLabels": {**spec["selector"]["matchLabels"], **mark}},
            "template": {**spec["template"], "metadata": {**metadata, "labels": labels}},
        },
    }


def _scale(draft: Draft, owner: Manifest) -> None:
    """Give *owner* as many Pods as it wants: one where it has no number, as there is one node."""
    pods = sorted(_owned(draft.objects, "Pod", owner), key=lambda pod: pod.name)
    wanted = owner.body["spec"].get("replicas", 1)
    for pod in pods[wanted:]:
        draft.remove(pod.ref)
    taken = {pod.name for pod in pods[:wanted]}
    numbers = (number for number in range(wanted) if f"{owner.name}-{number}" not in taken)
    for number in itertools.islice(numbers, wanted - len(taken)):
        draft.put(_pod_from(owner, number))


def _pod_from(owner: Manifest, number: int) -> dict[str, Any]:
    template = owner.body["spec"]["template"]
    is_ordered = owner.kind == "StatefulSet"
    suffix = f"{number}" if is_ordered else "".join(secrets.choice(_NAME_LETTERS) for _ in range(5))
    name = f"{owner.name}-{suffix}"
    labels = {**template["metadata"]["labels"], **({POD_NAME: name} if is_ordered else {})}
    metadata = {
        **template["metadata"],
        "labels": labels,
        "name": name,
        "namespace": owner.namespace,
        "ownerReferences": [_reference(owner)],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def _reference(owner: Manifest) -> dict[str, Any]:
    return {
        "apiVersion": owner.api_version,
        "kind": owner.kind,
        "name": owner.name,
        "uid": owner.body["metadata"]["uid"],
        "controller": True,
    }


def _remove_orphans(draft: Draft, kind: str) -> None:
    """Remove what an owner made that is gone."""
    alive = {one.body["metadata"]["uid"] for owner in _OWNERS for one in draft.of_kind(owner)}
    for one in draft.of_kind(kind):
        if any(owner["uid"] not in alive for owner in owners(one)):
            draft.remove(one.ref)


def _give_default_account(draft: Draft, namespace: str) -> None:
    ref = ObjectRef("ServiceAccount", namespace, "default")
    if ref not in draft.objects:
        metadata = {"name": ref.name, "namespace": namespace}
        draft.put({"apiVersion": "v1", "kind": ref.kind, "metadata": metadata})


def _check_account(draft: Draft, pod: Manifest) -> None:
    account = ObjectRef("ServiceAccount", pod.namespace, pod.body["spec"]["serviceAccountName"])
    if account not in draft.objects:
        raise ManifestRefusedError(
            f"error looking up service account {account.namespace}/{account.name}: "
            f'serviceaccount "{account.name}" not found',
            f"{pod.ref}, of workload {workload_of(pod)}",
            "apply the ServiceAccount together with what runs as it",
        )


def _hash(template: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:9]
