"""Which kinds the embedded cluster knows, in which versions: its own few, and those of ``fixtures/crds``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from conformance.cluster.embedded.schema import Schema
from conformance.errors import ScenarioError

_CORE = Path(__file__).with_name("core.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceKind:
    """A kind of object, with a schema for each version it is served in."""

    name: str
    group: str
    """Empty for Kubernetes' core group."""
    namespaced: bool
    schemas: Mapping[str, Schema]
    """By apiVersion, such as ``apps/v1``."""
    custom: bool
    """Whether a CustomResourceDefinition declares it. Unknown fields of other kinds are never dropped."""

    @property
    def title(self) -> str:
        """How an API server calls it in messages, such as ``Deployment.apps``."""
        return f"{self.name}.{self.group}" if self.group else self.name

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions alone, such as ``v1alpha3``, in the order they are declared."""
        return tuple(api_version.rpartition("/")[2] for api_version in self.schemas)


def read_kinds(crds: Path) -> Mapping[str, ResourceKind]:
    """Read the cluster's own kinds and those that the files in *crds* define, by name.

    Raises:
        ScenarioError: A file in *crds* holds something else than CustomResourceDefinitions.
    """
    kinds = [_own_kind(document) for document in yaml.safe_load(_CORE.read_text("utf-8"))]
    for path in sorted(crds.glob("*.yaml")):
        kinds += _custom_kinds(path)
    return {kind.name: kind for kind in kinds}


def _own_kind(document: Mapping[str, Any]) -> ResourceKind:
    return ResourceKind(
        name=document["kind"],
        group=document["group"],
        namespaced=document["namespaced"],
        schemas={document["apiVersion"]: document["schema"]},
        custom=False,
    )


def _custom_kinds(path: Path) -> Iterator[ResourceKind]:
    try:
        for document in yaml.safe_load_all(path.read_text("utf-8")):
            yield _custom_kind(document["spec"])
    except (yaml.YAMLError, TypeError, KeyError, AttributeError) as error:
        raise ScenarioError(
            f"{path.name} is no CustomResourceDefinition: {error!r}",
            str(path),
            "keep nothing but CustomResourceDefinitions of apiextensions.k8s.io/v1 in this folder",
        ) from error


def _custom_kind(spec: Mapping[str, Any]) -> ResourceKind:
    return ResourceKind(
        name=spec["names"]["kind"],
        group=spec["group"],
        namespaced=spec["scope"] == "Namespaced",
        schemas={
            f"{spec['group']}/{version['name']}": version["schema"]["openAPIV3Schema"]
            for version in spec["versions"]
            if version["served"]
        },
        custom=True,
    )
