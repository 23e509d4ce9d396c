"""What a caller has to ask its resolver for, for each way to name a target."""

from conformance.cluster import Cluster
from conformance.errors import NotReadyError
from conformance.model.manifest import ObjectRef
from conformance.model.topology import Service, Workload
from conformance.model.traffic import AddressForm, Target
from conformance.runner.world import LiveWorld


class Addresses:
    """Hosts for targets in one world, as the cluster knows them now."""

    def __init__(self, cluster: Cluster, world: LiveWorld) -> None:
        self._cluster = cluster
        self._world = world

    def host(self, source: str, target: Target) -> str:
        """Give the name or address that stands for *target*.

        Args:
            source: Key of the calling workload: a mesh may have names that only its own callers use.
            target: What is called, and how it is named.

        Raises:
            NotReadyError: The target is a pod that does not run.
        """
        if target.form is AddressForm.POD:
            return self._pod_address(self._world.topology.workloads[target.name])
        service = self._world.topology.services[target.name]
        match target.form:
            case AddressForm.SERVICE:
                return service.host(self._world.topology.workloads[source])
            case AddressForm.SHORT:
                return service.name
            case AddressForm.CLUSTER_IP:
                return self._cluster_ip(service)

    def _cluster_ip(self, service: Service) -> str:
        stored = self._cluster.read(ObjectRef("Service", service.namespace, service.name))
        if stored is None:
            raise NotReadyError(
                f"the Service {service.key} is not there",
                f"cluster {self._cluster.name}",
                "check whether something else deletes the objects of this run",
            )
        return str(stored.body["spec"]["clusterIP"])

    def _pod_address(self, workload: Workload) -> str:
        for pod in self._cluster.pods(workload.namespace):
            if pod.workload == workload.key and pod.ready:
                return pod.address
        raise NotReadyError(
            f"no pod of {workload.key} is ready, so its address is unknown",
            f"cluster {self._cluster.name}",
            "read the pod's log in the evidence of this scenario",
        )
