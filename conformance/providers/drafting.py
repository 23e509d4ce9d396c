"""A first profile for an unknown mesh, from what its cluster shows: a person fills in what nobody can see.

The draft is refused by the reader until somebody has said how pods join: a profile that does not know would have the
suite judge the bare cluster, and tell a mesh that it lets everything through.
"""

import json
import re
from collections.abc import Iterable, Mapping

from conformance.providers.seeing import Seen, SeenWorkload, repository_of
from conformance.spec import kind_named

_LIKELY = re.compile("mesh|smi|inject|control|pilot|sidecar")
"""Words in names of workloads and images of meshes. A guess that only chooses what the draft puts first."""

_OF_KUBERNETES = frozenset({"kube-system", "kube-public", "kube-node-lease", "local-path-storage"})


def draft_profile(seen: Seen, name: str = "my-mesh") -> str:
    """Write a first profile as YAML with comments.

    Args:
        seen: What the cluster shows.
        name: What to call it; its file has to be ``<name>.yaml``.

    Returns:
        The text of a file. The reader points to ``join`` until that is filled in.
    """
    likely = [one for one in _candidates(seen) if _is_likely(one)]
    return _DRAFT.format(
        name=name,
        others=_comment("Also there, in case one of them belongs to the mesh:", _candidates(seen), likely),
        images=_listed(dict.fromkeys(repository_of(image) for one in likely for image in one.images)),
        workloads=_listed(dict.fromkeys(one.name for one in likely)),
        kinds=_kinds(seen.served),
        ready=_listed(dict.fromkeys(str(one) for one in likely)),
        labels=_labels(seen),
        unseen="".join(f"# Could not be looked at: {' '.join(one.split())}\n" for one in seen.unseen),
    )


def _candidates(seen: Seen) -> list[SeenWorkload]:
    return [one for one in seen.workloads if one.namespace not in _OF_KUBERNETES]


def _is_likely(one: SeenWorkload) -> bool:
    return any(_LIKELY.search(text) for text in (one.name, one.namespace, *one.images))


def _listed(names: Iterable[str]) -> str:
    return "[" + ", ".join(names) + "]"


def _comment(head: str, every: Iterable[SeenWorkload], taken: list[SeenWorkload]) -> str:
    others = [f"  # - {one}: {', '.join(one.images)}\n" for one in every if one not in taken]
    return f"  # {head}\n{''.join(others)}" if others else ""


def _kinds(served: Mapping[str, tuple[str, ...]]) -> str:
    lines = [
        f"    {kind}: {_listed(versions)}\n" for kind, versions in sorted(served.items()) if kind_named(kind)
    ]
    return "\n" + "".join(lines).rstrip() if lines else " {}  # the cluster serves no SMI kind"


def _labels(seen: Seen) -> str:
    lines = [
        f"  # - {name}: {json.dumps(dict(labels))}\n"
        for name, labels in sorted(seen.namespaces.items())
        if name not in _OF_KUBERNETES and set(labels) - {"kubernetes.io/metadata.name"}
    ]
    return "  # Labels of namespaces that are there now:\n" + "".join(lines) if lines else ""


_DRAFT = """\
# A first profile, from what the cluster shows. docs/providers.md explains every key. Each FILL IN needs a person;
# each `source` wants the place where the fact is written.
{unseen}name: {name}
title: {name}  # FILL IN: what people call the mesh
release: unknown  # FILL IN: the release that runs here
role: mesh  # or adapter, when it translates SMI for another mesh
summary: Drafted from a cluster.
tried:
  run: []  # after a run: what was run, and when
  read: [what the cluster shows]
detect:
  # FILL IN: keep only what belongs to the mesh and to nothing else.
  images: {images}
  workloads: {workloads}
{others}  source: ["ours: seen in the cluster"]
smi:
  served_by: crds
  how: unknown  # FILL IN: who acts on the objects
  # What the cluster serves. FILL IN: take out what the mesh accepts and does not act on.
  kinds:{kinds}
  headers_shape: map  # only asked where the installed definition leaves it open
  root_service: [name]
  source: ["ours: seen in the cluster"]
install:
  steps: []  # it is there already
  remove: []
  hazards: []
  source: ["ours: it was there"]
ready:
  workloads: {ready}
  source: ["ours: seen in the cluster"]
join:
  # FILL IN: how a namespace or a pod joins, and what a pod has when it has joined (container, label, annotation).
{labels}  namespace_labels: {{}}
  namespace_annotations: {{}}
  pod_labels: {{}}
  pod_annotations: {{}}
  joined: {{}}
  source: ["guess: nothing in the cluster says it"]
ports:
  declared_by: [app-protocol, port-name]  # the suite's Services say both
  source: ["guess: the common ways"]
deny:
  ships: allow  # FILL IN: what happens to traffic that nothing grants
  switch: unknown  # FILL IN: how that becomes a refusal
  source: ["guess: most meshes ship permissive"]
address:
  service: "{{service}}.{{namespace}}.svc.cluster.local"
  source: ["guess: the Service's own name"]
refusal: {{side: unknown, http: [], tcp: [], source: ["guess: not seen yet"]}}
claims:
  features: []  # FILL IN from tcp, unmeshed, pod-address; what is not claimed is not asked
  levels: [must]
  source: ["guess: the least"]
convergence:
  deadline: 60s
  window: 2s
  source: ["guess: generous; a run's report says how long changes took"]
metrics:  # read where the cluster serves metrics.smi-spec.io
  window: 30s
  lag: 9s
  tolerance: 0.15
  source: ["guess: the text's own window, and a scrape every few seconds"]
evidence:
  how: unknown  # FILL IN: where the proxy's configuration can be read
  source: ["guess: not known"]
deviations: []
"""
