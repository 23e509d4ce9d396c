"""Creates, replaces, deletes and reads objects, and never touches one that another has made.

An object of this run carries its label. What this run has written before is replaced or deleted by its uid, in one
request; for anything else the object is read first, and its label looked at.
"""

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from conformance.cluster.kubernetes.discovery import Discovery
from conformance.cluster.kubernetes.kinds import RESOURCES, Resource
from conformance.cluster.kubernetes.refusals import ApiError, NotOursError, refused
from conformance.cluster.kubernetes.rest import Rest
from conformance.cluster.kubernetes.settings import RUN_LABEL
from conformance.errors import ManifestRefusedError
from conformance.model.manifest import Manifest, ObjectRef

_ATTEMPTS = 8
"""How often a write is tried again because somebody else was faster. A guess: controllers write rarely."""
_PAUSE = 0.25
"""Between two looks at an object that is going away. Unit: s."""
_LONGEST_GOING = 30.0
"""How long an object may take to go away before it is made anew. Unit: s. A guess."""

_UNCHANGING = frozenset({"Job"})
"""Kinds that stay as they were made: Kubernetes fills in their template and lets nobody change it."""

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Written:
    """What this run has written last under some name."""

    api_version: str
    uid: str
    revision: str
    finalizers: tuple[str, ...] = ()
    """Of whoever wants to be asked before it goes."""


class Objects:
    """The objects of one cluster, as one run may handle them. Safe to use from several threads."""

    def __init__(self, rest: Rest, discovery: Discovery, *, run_id: str, cluster: str) -> None:
        self._rest = rest
        self._discovery = discovery
        self._run_id = run_id
        self._cluster = cluster
        self._written: dict[ObjectRef, _Written] = {}
        self._lock = threading.Lock()

    def apply(self, manifest: Manifest) -> None:
        """Create or replace one object; it carries the run's label already.

        Raises:
            ManifestRefusedError: It is not accepted, or the object that is there is not this run's.
            EnvironmentBrokenError: The server cannot be asked, or the account lacks a right.
        """
        resource = self._resource(manifest.kind, manifest.ref)
        try:
            stored = self._store(resource, manifest)
        except ApiError as error:
            served = self._served(manifest.kind) if error.answer.is_unknown_resource else ""
            refusal = refused(error.answer, manifest.ref, self._cluster, served)
            raise refusal or error from error
        self._note(manifest.ref, stored)

    def delete(self, refs: Iterable[ObjectRef]) -> None:
        """Delete objects; what is gone, or is not this run's, is left as it is.

        Raises:
            NotOursError: One of them is there and is not this run's.
            EnvironmentBrokenError: The server cannot be asked, or the account lacks a right.
        """
        for ref in refs:
            self._delete(self._resource(ref.kind, ref), ref)

    def read(self, ref: ObjectRef) -> Manifest | None:
        """Read one object, an SMI object in the newest version that is served; None when it is not there.

        Raises:
            EnvironmentBrokenError: The server cannot be asked.
        """
        body = self._read(self._resource(ref.kind, ref), ref)
        return None if body is None else Manifest(_without_bookkeeping(body))

    def list(self, kind: str, namespace: str = "", **query: str) -> tuple[Manifest, ...]:
        """List the objects of a kind, in one namespace or in all; a kind that is not served has none.

        Raises:
            EnvironmentBrokenError: The server cannot be asked.
        """
        resource = self._resource(kind, ObjectRef(kind, namespace, "*"))
        api_version = self._discovery.newest(resource)
        if api_version is None:
            return ()
        try:
            found = self._rest.get(resource.path(api_version, namespace), **query)
        except ApiError as error:
            if not error.answer.is_gone:
                raise
            self._discovery.forget()
            return ()
        # An entry of a list does not say what it is; the list does.
        said = {"apiVersion": api_version, "kind": kind}
        return tuple(Manifest(_without_bookkeeping({**said, **one})) for one in found["items"])

    def _store(self, resource: Resource, manifest: Manifest) -> Body:
        written = self._written.get(manifest.ref)
        if written and resource.is_smi:
            given = {"uid": written.uid, "resourceVersion": written.revision}
            stored = self._replace(resource, manifest, given, {"finalizers": list(written.finalizers)})
            if stored is not None:
                return stored
        ways = [self._overwrite, self._create] if written else [self._create, self._overwrite]
        for way in ways * _ATTEMPTS:
            stored = way(resource, manifest)
            if stored is not None:
                return stored
        raise self._contended(manifest.ref)

    def _served(self, kind: str) -> str:
        return ", ".join(self._discovery.served().get(kind, ()))

    def _create(self, resource: Resource, manifest: Manifest) -> Body | None:
        """Create; None when it is there already."""
        path = resource.path(manifest.api_version, manifest.namespace)
        try:
            return self._rest.post(path, manifest.body, fieldValidation="Strict")
        except ApiError as error:
            if error.answer.is_conflict:
                return None
            raise

    def _overwrite(self, resource: Resource, manifest: Manifest) -> Body | None:
        """Replace what is there; None when it has changed or gone meanwhile."""
        stored = self._read(resource, manifest.ref, manifest.api_version)
        if stored is None:
            return None
        self._check_ours(manifest.ref, stored, "replaced")
        metadata = stored["metadata"]
        if metadata.get("deletionTimestamp"):
            self._await_gone(resource, manifest.ref, metadata["uid"])
            return None
        if resource.kind in _UNCHANGING:
            return stored
        given = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
        kept = {"finalizers": metadata.get("finalizers")} if resource.is_smi else metadata
        return self._replace(resource, manifest, given, kept)

    def _replace(self, resource: Resource, manifest: Manifest, given: Body, kept: Body) -> Body | None:
        """Replace one very object.

        Args:
            resource: What it is.
            manifest: What it shall be.
            given: Its uid and revision; an object that is another, or has changed, is not touched.
            kept: Metadata of which labels, annotations and finalizers stay: controllers keep notes on core objects.
                What an SMI object's annotations say may be part of its meaning to a mesh, so only its finalizers
                stay: without them the mesh would not hear that it goes.
        """
        body = {**manifest.body, "metadata": {**_merged(kept, manifest.body["metadata"]), **given}}
        path = resource.path(manifest.api_version, manifest.namespace, manifest.name)
        try:
            return self._rest.put(path, body, fieldValidation="Strict")
        except ApiError as error:
            if error.answer.is_conflict or (error.answer.is_gone and manifest.ref in self._written):
                self._forget(manifest.ref)
                return None
            raise

    def _delete(self, resource: Resource, ref: ObjectRef) -> None:
        written = self._written.get(ref)
        if written and self._remove(resource, ref, written.api_version, written.uid):
            return
        for _ in range(_ATTEMPTS):
            stored = self._read(resource, ref)
            if stored is None:
                return
            self._check_ours(ref, stored, "deleted")
            metadata = stored["metadata"]
            if metadata.get("deletionTimestamp") or self._remove(
                resource, ref, stored["apiVersion"], metadata["uid"]
            ):
                return
        raise self._contended(ref)

    def _remove(self, resource: Resource, ref: ObjectRef, api_version: str, uid: str) -> bool:
        """Delete one very object; False when another has its name, or it is going away already."""
        self._forget(ref)
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": uid},
            "propagationPolicy": "Background",
        }
        try:
            self._rest.delete(resource.path(api_version, ref.namespace, ref.name), options)
        except ApiError as error:
            if error.answer.is_conflict:
                return False
            if not error.answer.is_gone:
                raise
        return True

    def _read(self, resource: Resource, ref: ObjectRef, api_version: str | None = None) -> Body | None:
        asked = api_version or self._discovery.newest(resource)
        if asked is None:
            return None
        try:
            return self._rest.get(resource.path(asked, ref.namespace, ref.name))
        except ApiError as error:
            if error.answer.is_gone:
                return None
            raise

    def _await_gone(self, resource: Resource, ref: ObjectRef, uid: str) -> None:
        end = time.monotonic() + _LONGEST_GOING
        while time.monotonic() < end:
            stored = self._read(resource, ref)
            if stored is None or stored["metadata"]["uid"] != uid:
                return
            time.sleep(_PAUSE)
        raise ManifestRefusedError(
            f"an object of this name is being deleted and does not go within {_LONGEST_GOING:g} s",
            f"{ref}, cluster {self._cluster}",
            "see in its metadata.finalizers what it waits for",
        )

    def _check_ours(self, ref: ObjectRef, stored: Body, action: str) -> None:
        if stored["metadata"].get("labels", {}).get(RUN_LABEL) != self._run_id:
            self._fail_not_ours(ref, action)

    def _fail_not_ours(self, ref: ObjectRef, action: str) -> NoReturn:
        raise NotOursError(
            f"{ref} is not this run's and was not {action}",
            f"{ref}, cluster {self._cluster}",
            f"only objects with the label {RUN_LABEL}={self._run_id} are touched; give yours another name",
        )

    def _contended(self, ref: ObjectRef) -> ManifestRefusedError:
        return ManifestRefusedError(
            f"something else changes this object again and again: {_ATTEMPTS} attempts came too late",
            f"{ref}, cluster {self._cluster}",
            "see in its metadata.managedFields who writes it",
        )

    def _resource(self, kind: str, ref: ObjectRef) -> Resource:
        resource = RESOURCES.get(kind)
        if resource is None:
            raise ManifestRefusedError(
                f'no matches for kind "{kind}"',
                f"{ref}, cluster {self._cluster}",
                f"the suite handles {', '.join(sorted(RESOURCES))}",
            )
        return resource

    def _note(self, ref: ObjectRef, stored: Body) -> None:
        metadata = stored["metadata"]
        with self._lock:
            self._written[ref] = _Written(
                stored["apiVersion"],
                metadata["uid"],
                metadata["resourceVersion"],
                tuple(metadata.get("finalizers") or ()),
            )

    def _forget(self, ref: ObjectRef) -> None:
        with self._lock:
            self._written.pop(ref, None)


def _merged(kept: Body, wanted: Body) -> dict[str, Any]:
    merged = dict(wanted)
    for field in ("labels", "annotations"):
        pairs = {**(kept.get(field) or {}), **(wanted.get(field) or {})}
        if pairs:
            merged[field] = pairs
    if kept.get("finalizers"):
        merged["finalizers"] = kept["finalizers"]
    return merged


def _without_bookkeeping(body: Body) -> dict[str, Any]:
    metadata = {key: value for key, value in body["metadata"].items() if key != "managedFields"}
    return {**body, "metadata": metadata}
