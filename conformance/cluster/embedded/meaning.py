"""What a schema cannot say of Kubernetes' own kinds, in the words of an API server."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from conformance.cluster.embedded.naming import label_problems


def meaning_problems(kind: str, body: Mapping[str, Any]) -> Iterator[str]:
    """List what is wrong with an object of *kind* that fits its schema."""
    match kind:
        case "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet":
            yield from _deployment_problems(body["spec"], body["spec"]["selector"]["matchLabels"])
        case "ReplicationController":
            yield from _deployment_problems(body["spec"], body["spec"]["selector"])
        case "Job":
            yield from _job_problems(body["spec"]["template"])
        case "Service":
            yield from _service_problems(body["spec"])
        case "Pod":
            yield from _container_problems(body["spec"], "spec")
        case "Role" | "ClusterRole":
            yield from _rule_problems(body.get("rules", ()), is_namespaced=kind == "Role")
        case "RoleBinding" | "ClusterRoleBinding":
            yield from _binding_problems(body, is_namespaced=kind == "RoleBinding")
        case _:
            return


def _job_problems(template: Mapping[str, Any]) -> Iterator[str]:
    if template["spec"]["restartPolicy"] == "Always":
        path = "spec.template.spec.restartPolicy"
        yield f'{path}: Required value: valid values: "OnFailure", "Never"'
    yield from label_problems(template["metadata"]["labels"], "spec.template.metadata.labels")
    yield from _container_problems(template["spec"], "spec.template.spec")


def _deployment_problems(spec: Mapping[str, Any], selector: Mapping[str, str]) -> Iterator[str]:
    labels, path = spec["template"]["metadata"]["labels"], "spec.template.metadata.labels"
    if not selector.items() <= labels.items():
        yield f"{path}: Invalid value: {json.dumps(labels)}: `selector` does not match template `labels`"
    yield from label_problems(labels, path)
    yield from _container_problems(spec["template"]["spec"], "spec.template.spec")


def _service_problems(spec: Mapping[str, Any]) -> Iterator[str]:
    ports = spec["ports"]
    if len(ports) > 1:
        unnamed = [index for index, port in enumerate(ports) if not port.get("name")]
        yield from (f"spec.ports[{index}].name: Required value" for index in unnamed)
    yield from _duplicates((port.get("name") for port in ports), "spec.ports[{}].name")
    yield from _duplicates((port["port"] for port in ports), "spec.ports[{}].port")


def _container_problems(spec: Mapping[str, Any], path: str) -> Iterator[str]:
    numbers = (port["containerPort"] for port in spec["containers"][0].get("ports", ()))
    yield from _duplicates(numbers, f"{path}.containers[0].ports[{{}}].containerPort")


def _duplicates(values: Iterable[object], path: str) -> Iterator[str]:
    seen: set[object] = set()
    for index, value in enumerate(values):
        if value in seen and value is not None:
            yield f"{path.format(index)}: Duplicate value: {json.dumps(value)}"
        seen.add(value)


def _rule_problems(rules: Iterable[Mapping[str, Any]], *, is_namespaced: bool) -> Iterator[str]:
    for index, rule in enumerate(rules):
        path = f"rules[{index}]"
        if not rule["verbs"]:
            yield f"{path}.verbs: Required value: verbs must contain at least one value"
        if rule.get("nonResourceURLs"):
            if is_namespaced:
                quoted = json.dumps(rule["nonResourceURLs"])
                why = "namespaced rules cannot apply to non-resource URLs"
                yield f"{path}.nonResourceURLs: Invalid value: {quoted}: {why}"
            continue
        for field, what in (("apiGroups", "group"), ("resources", "resource")):
            if not rule.get(field):
                why = f"resource rules must supply at least one {'api ' if what == 'group' else ''}{what}"
                yield f"{path}.{field}: Required value: {why}"


def _binding_problems(body: Mapping[str, Any], *, is_namespaced: bool) -> Iterator[str]:
    role = body["roleRef"]["kind"]
    if role == "Role" and not is_namespaced:
        yield f'roleRef.kind: Unsupported value: {json.dumps(role)}: supported values: "ClusterRole"'
    for index, subject in enumerate(body.get("subjects", ())):
        path = f"subjects[{index}]"
        if subject["kind"] == "ServiceAccount":
            if not subject.get("namespace"):
                yield f"{path}.namespace: Required value"
            if subject.get("apiGroup"):
                quoted = json.dumps(subject["apiGroup"])
                yield f'{path}.apiGroup: Unsupported value: {quoted}: supported values: ""'
