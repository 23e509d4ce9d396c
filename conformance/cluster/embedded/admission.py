"""Decides whether a manifest is accepted and what of it is stored, as an API server does before it writes."""

import copy
import json
import logging
from collections.abc import Mapping
from enum import Enum
from typing import Any, NoReturn

from conformance.cluster.embedded.draft import Draft
from conformance.cluster.embedded.kinds import ResourceKind
from conformance.cluster.embedded.meaning import meaning_problems
from conformance.cluster.embedded.naming import label_problems, name_problems
from conformance.cluster.embedded.schema import problems, pruned, unknown_fields
from conformance.cluster.protocol import Validator
from conformance.errors import ManifestRefusedError, ObjectRefusedError
from conformance.model.manifest import Manifest, ObjectRef

logger = logging.getLogger(__name__)

_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_METADATA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "namespace": {"type": "string"},
        "labels": _TEXTS,
        "annotations": _TEXTS,
        # Given by the server; they are here so that an object that was read back can be applied again.
        "uid": {},
        "resourceVersion": {},
        "generation": {},
        "creationTimestamp": {},
        "ownerReferences": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["apiVersion", "kind", "name", "uid"],
                "properties": {key: {} for key in ("apiVersion", "kind", "name", "uid", "controller")},
            },
        },
    },
}
_SELECTING = frozenset({"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"})
"""Kinds whose selector never changes."""
_ROOT: Mapping[str, Any] = {
    "apiVersion": {"type": "string"},
    "kind": {"type": "string"},
    "metadata": _METADATA,
}


class FieldValidation(Enum):
    """What becomes of a field that the schema does not have: the API's parameter ``fieldValidation``.

    Kinds of Kubernetes' own are always held strictly: what the embedded cluster would not honour, it refuses.
    """

    STRICT = "Strict"
    """The manifest is refused."""
    WARN = "Warn"
    """The field is dropped, and a warning is logged."""
    IGNORE = "Ignore"
    """The field is dropped."""


class Admission:
    """Knows the kinds, and holds manifests to their schemas and to what is there already."""

    def __init__(self, kinds: Mapping[str, ResourceKind]) -> None:
        self._kinds = kinds
        self.validator: Validator | None = None
        """Asked last about objects of custom kinds, as a validating webhook is."""

    def admit(self, manifest: Manifest, draft: Draft, fields: FieldValidation) -> dict[str, Any]:
        """Check *manifest* and give the body to store.

        Raises:
            ManifestRefusedError: It is not accepted; *what* has the words of an API server.
        """
        body = manifest.body
        if not isinstance(body, Mapping) or not isinstance(body.get("metadata"), Mapping):
            _refuse(
                "the manifest has no metadata", str(body)[:200], "give it apiVersion, kind and metadata.name"
            )
        kind = self._kind(body)
        ref = ObjectRef(
            kind.name, body["metadata"].get("namespace", ""), str(body["metadata"].get("name", ""))
        )
        schema = _whole(kind, str(body["apiVersion"]))
        self._check_fields(kind, body, ref, fields)
        found = [*name_problems(kind.name, body["metadata"].get("name")), *problems(body, schema)]
        if not found:
            found += [
                *label_problems(body["metadata"].get("labels", {}), "metadata.labels"),
                *meaning_problems(kind.name, body),
            ]
        if found:
            _refuse_invalid(kind, ref, found)
        self._check_place(kind, ref, draft)
        stored = pruned(copy.deepcopy({key: value for key, value in body.items() if key != "status"}), schema)
        _check_unchanged(kind, ref, stored, draft)
        if kind.custom and self.validator is not None:
            _ask_validator(self.validator, ref, stored)
        return dict(stored)

    def _kind(self, body: Mapping[str, Any]) -> ResourceKind:
        name, api_version = body.get("kind"), body.get("apiVersion")
        kind = self._kinds.get(str(name))
        if kind is None or api_version not in kind.schemas:
            known = ", ".join(sorted(self._kinds)) if kind is None else ", ".join(kind.schemas)
            _refuse(
                f'no matches for kind "{name}" in version "{api_version}"',
                f"{name} {body['metadata'].get('name')}",
                f"this cluster knows {known}",
            )
        return kind

    @staticmethod
    def _check_fields(
        kind: ResourceKind, body: Mapping[str, Any], ref: ObjectRef, fields: FieldValidation
    ) -> None:
        api_version = str(body["apiVersion"])
        version = api_version.rpartition("/")[2]
        unknown = [
            path for path in unknown_fields(body, _whole(kind, api_version)) if path.split(".")[0] != "status"
        ]
        if not unknown:
            return
        if not kind.custom:
            _refuse_invalid(
                kind,
                ref,
                [f"{path}: Forbidden: the embedded cluster does not honour this field" for path in unknown],
            )
        words = ", ".join(f'unknown field "{path}"' for path in unknown)
        if fields is FieldValidation.WARN:
            logger.warning("dropped unknown fields", extra={"object": str(ref), "fields": unknown})
        if fields is FieldValidation.STRICT:
            _refuse_object(
                f'{kind.name} in version "{version}" cannot be handled as a {kind.name}: '
                f"strict decoding error: {words}",
                ref,
                f"remove the field, or write the version that has it; served are {', '.join(kind.versions)}",
            )

    @staticmethod
    def _check_place(kind: ResourceKind, ref: ObjectRef, draft: Draft) -> None:
        if not kind.namespaced and ref.namespace:
            _refuse(f"{kind.name} is not namespaced", str(ref), "remove metadata.namespace")
        if kind.namespaced and not ref.namespace:
            _refuse(
                "an empty namespace may not be set when a resource name is provided",
                str(ref),
                "set metadata.namespace",
            )
        if kind.namespaced and ObjectRef("Namespace", "", ref.namespace) not in draft.objects:
            _refuse(
                f'namespaces "{ref.namespace}" not found',
                str(ref),
                "apply the Namespace before what is in it",
            )


def _ask_validator(validator: Validator, ref: ObjectRef, body: Mapping[str, Any]) -> None:
    if why := validator.why_denied(body):
        what = f'admission webhook "{validator.name}" denied the request: {why}'
        _refuse_object(what, ref, "write an object that the mesh takes", validator.name)


def _whole(kind: ResourceKind, api_version: str) -> dict[str, Any]:
    schema = kind.schemas[api_version]
    return {**schema, "properties": {**schema.get("properties", {}), **_ROOT}}


def _check_unchanged(kind: ResourceKind, ref: ObjectRef, body: dict[str, Any], draft: Draft) -> None:
    """Hold on to what Kubernetes never lets change, and fill in what the server chose."""
    old = draft.objects.get(ref)
    if kind.name == "Service":
        _keep_cluster_ip(kind, ref, body, old)
    if old is None:
        return
    if kind.name in _SELECTING and body["spec"]["selector"] != old.body["spec"]["selector"]:
        _refuse_invalid(
            kind,
            ref,
            [f"spec.selector: Invalid value: {json.dumps(body['spec']['selector'])}: field is immutable"],
        )
    if kind.name.endswith("RoleBinding") and body["roleRef"] != old.body["roleRef"]:
        _refuse_invalid(
            kind,
            ref,
            [f"roleRef: Invalid value: {json.dumps(body['roleRef'])}: cannot change roleRef"],
        )
    if kind.name == "Pod":
        _keep_marks(body, old)
    if kind.name == "Pod" and body["spec"] != old.body["spec"]:
        _refuse_invalid(kind, ref, ["spec: Forbidden: pod updates may not change fields of a running pod"])


def _keep_cluster_ip(kind: ResourceKind, ref: ObjectRef, body: dict[str, Any], old: Manifest | None) -> None:
    current = old.body["spec"]["clusterIP"] if old else ""
    wanted = body["spec"].get("clusterIP", "")
    if wanted and wanted != current:
        why = "field is immutable" if old else "the embedded cluster chooses addresses itself"
        _refuse_invalid(kind, ref, [f"spec.clusterIP: Invalid value: {json.dumps(wanted)}: {why}"])
    if current:
        body["spec"]["clusterIP"] = current


def _keep_marks(body: dict[str, Any], old: Manifest) -> None:
    """Keep what the cluster itself wrote into a Pod: its owner, its node, and where its sidecar is."""
    body["spec"].setdefault("nodeName", old.body["spec"]["nodeName"])
    before = old.body["metadata"]
    ours = {
        key: value
        for key, value in before.get("annotations", {}).items()
        if key.startswith("smi-conformance/")
    }
    body["metadata"] = {
        **{key: before[key] for key in ("ownerReferences",) if key in before},
        **body["metadata"],
        "annotations": {**body["metadata"].get("annotations", {}), **ours},
    }


def _refuse_invalid(kind: ResourceKind, ref: ObjectRef, found: list[str]) -> NoReturn:
    words = found[0] if len(found) == 1 else f"[{', '.join(found)}]"
    what = f'{kind.title} "{ref.name}" is invalid: {words}'
    if kind.custom:
        _refuse_object(what, ref, "correct the manifest")
    _refuse(what, str(ref), "leave out what only a real cluster honours, or use --smi-cluster=kind")


def _refuse_object(what: str, ref: ObjectRef, hint: str, webhook: str = "") -> NoReturn:
    raise ObjectRefusedError(what, str(ref), hint, str(ref), webhook)


def _refuse(what: str, where: str, hint: str) -> NoReturn:
    raise ManifestRefusedError(what, where, hint)
