"""What the cluster makes of what people declare: Pods for Deployments, addresses, default accounts.

A change of a Deployment's template replaces its Pods at once; nothing is rolled over bit by bit.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.cluster.embedded.addresses import Allotment
from conformance.cluster.embedded.draft import Draft
from conformance.errors import ManifestRefusedError
from conformance.model.manifest import Manifest, ObjectRef

TEMPLATE_HASH = "pod-template-hash"
"""Label that says from which state of the template a Pod was made, as on Kubernetes."""
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
        _remove_orphans(draft)
        for deployment in draft.of_kind("Deployment"):
            self._scale(draft, deployment)
        for pod in draft.of_kind("Pod"):
            if "status" not in pod.body:
                _check_account(draft, pod)
                self._give_pod_ip(draft, pod)

    def _give_cluster_ip(self, draft: Draft, service: Manifest) -> None:
        if not service.body["spec"].get("clusterIP"):
            taken = [one.body["spec"].get("clusterIP", "") for one in draft.of_kind("Service")]
            spec = {**service.body["spec"], "clusterIP": self.allotment.service(taken)}
            draft.objects[service.ref] = Manifest({**service.body, "spec": spec})

    def _give_pod_ip(self, draft: Draft, pod: Manifest) -> None:
        taken = {one.body.get("status", {}).get("podIP", "") for one in draft.of_kind("Pod")}
        address = self.allotment.pod(taken | self.leaving())
        status = {"phase": "Pending", "podIP": address, "podIPs": [{"ip": address}], "conditions": []}
        draft.objects[pod.ref] = Manifest({**pod.body, "status": status})

    @staticmethod
    def _scale(draft: Draft, deployment: Manifest) -> None:
        template_hash = _hash(deployment.body["spec"]["template"])
        pods = list(pods_of(draft.objects, deployment))
        current = [pod for pod in pods if pod.body["metadata"]["labels"].get(TEMPLATE_HASH) == template_hash]
        wanted = deployment.body["spec"]["replicas"]
        for pod in pods:
            if pod not in current[:wanted]:
                draft.remove(pod.ref)
        for _ in range(wanted - len(current)):
            draft.put(_pod_from(deployment, template_hash))


def pods_of(objects: Mapping[ObjectRef, Manifest], deployment: Manifest) -> Iterator[Manifest]:
    """Walk the Pods that *deployment* owns."""
    uid = deployment.body["metadata"]["uid"]
    for ref, pod in objects.items():
        if ref.kind == "Pod" and any(owner["uid"] == uid for owner in owners(pod)):
            yield pod


def owners(pod: Manifest) -> tuple[Mapping[str, Any], ...]:
    """List the owner references of a Pod."""
    return tuple(pod.body["metadata"].get("ownerReferences", ()))


def workload_of(pod: Manifest) -> str:
    """Key of the Deployment a Pod belongs to; of the Pod itself where it has none."""
    owner = owners(pod)
    return f"{pod.namespace}/{owner[0]['name'] if owner else pod.name}"


def _pod_from(deployment: Manifest, template_hash: str) -> dict[str, Any]:
    template = deployment.body["spec"]["template"]
    suffix = "".join(secrets.choice(_NAME_LETTERS) for _ in range(5))
    metadata = {
        **template["metadata"],
        "name": f"{deployment.name}-{template_hash}-{suffix}",
        "namespace": deployment.namespace,
        "labels": {**template["metadata"]["labels"], TEMPLATE_HASH: template_hash},
        "ownerReferences": [
            {
                "apiVersion": deployment.api_version,
                "kind": deployment.kind,
                "name": deployment.name,
                "uid": deployment.body["metadata"]["uid"],
                "controller": True,
            }
        ],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def _remove_orphans(draft: Draft) -> None:
    alive = {deployment.body["metadata"]["uid"] for deployment in draft.of_kind("Deployment")}
    for pod in draft.of_kind("Pod"):
        if any(owner["uid"] not in alive for owner in owners(pod)):
            draft.remove(pod.ref)


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
