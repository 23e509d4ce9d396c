"""Manifests: what is applied to a cluster, and how an object is named."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """Names one object of a cluster. Versions of one kind share their objects, so no version stands here."""

    kind: str
    namespace: str
    """Empty for what is not namespaced."""
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object as it is written down: a JSON object with apiVersion, kind and metadata. Never mutated."""

    body: Mapping[str, Any]

    @property
    def api_version(self) -> str:
        """Such as ``apps/v1`` or ``access.smi-spec.io/v1alpha3``."""
        return str(self.body["apiVersion"])

    @property
    def kind(self) -> str:
        """Such as ``TrafficTarget``."""
        return str(self.body["kind"])

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.body["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """The object's namespace; empty where it has none."""
        return str(self.body["metadata"].get("namespace", ""))

    @property
    def ref(self) -> ObjectRef:
        """Name this object."""
        return ObjectRef(self.kind, self.namespace, self.name)
