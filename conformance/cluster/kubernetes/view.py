"""A look at a cluster that changes nothing in it: what has to be known before a run begins."""

from collections.abc import Mapping
from datetime import timedelta

from kubernetes.client import ApiClient

from conformance.cluster.kubernetes.discovery import Discovery
from conformance.cluster.kubernetes.objects import Objects
from conformance.cluster.kubernetes.rest import PATIENCE, Rest
from conformance.errors import EnvironmentBrokenError
from conformance.model.api import ApiAnswer, ApiRequest
from conformance.model.manifest import Manifest, ObjectRef


class KubernetesView:
    """A `ClusterView` of an API server."""

    def __init__(self, api: ApiClient, name: str, patience: timedelta = PATIENCE) -> None:
        """Look at a cluster.

        Args:
            api: As `connect` gives it; it stays open.
            name: What people call the cluster.
            patience: How long a server is waited for that does not answer.
        """
        self._rest = rest = Rest(api, patience)
        self.name = name
        self._discovery = Discovery(rest)
        self._objects = Objects(rest, self._discovery, run_id="", cluster=name)

    def read(self, ref: ObjectRef) -> Manifest | None:
        """Read one object, an SMI object in the newest version served; None when it is not there.

        Raises:
            EnvironmentBrokenError: The API server cannot be asked, or the account lacks a right.
        """
        return self._objects.read(ref)

    def list(self, kind: str, namespace: str = "") -> tuple[Manifest, ...]:
        """List the objects of a kind, in one namespace or in all.

        Raises:
            EnvironmentBrokenError: The API server cannot be asked, or the account lacks a right.
        """
        return self._objects.list(kind, namespace)

    def served(self) -> Mapping[str, tuple[str, ...]]:
        """Say for each SMI kind which versions it is served in, oldest first.

        Raises:
            EnvironmentBrokenError: The API server cannot be asked.
        """
        return self._discovery.served()

    def call_api(self, request: ApiRequest) -> ApiAnswer:
        """Send one request, and give what is answered, refusals included; only a silent server is asked again.

        Raises:
            EnvironmentBrokenError: The API server gave no answer, or the request is to be another account's.
        """
        if request.account is not None:
            raise EnvironmentBrokenError(
                "a request was to be sent as an account, and only a run has accounts of its own",
                f"ServiceAccount {request.account}, cluster {self.name}",
                "send it with the credentials of the kubeconfig",
            )
        return self._rest.ask(request)

    def node_images(self) -> frozenset[str]:
        """Name the images that the nodes hold; a node tells of fifty only, its largest.

        Raises:
            EnvironmentBrokenError: The nodes may not be looked at: a run needs no such right.
        """
        nodes = self._rest.get("/api/v1/nodes")["items"]
        images = (one for node in nodes for one in node["status"].get("images") or ())
        return frozenset(str(name) for one in images for name in one.get("names") or ())
