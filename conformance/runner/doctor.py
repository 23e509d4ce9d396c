"""What a cluster has and lacks for a run, found out without changing anything in it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from conformance.cluster import ClusterView
from conformance.cluster.images import Images, image_names, is_held
from conformance.cluster.kubernetes import RUN_LABEL, connect, missing_permissions, server_version
from conformance.cluster.kubernetes.settings import RUN_PREFIX
from conformance.cluster.kubernetes.view import KubernetesView
from conformance.errors import ConformanceError
from conformance.places import fixtures_root
from conformance.providers.detection import detect
from conformance.providers.seeing import Seen, look_around
from conformance.runner.settings import KubernetesOptions
from conformance.scenario import load_world
from conformance.spec import KINDS

RIGHTS = "kubectl apply -f fixtures/rbac/suite.yaml grants what is needed and no more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What was found, as pairs of a name and a sentence."""

    found: tuple[tuple[str, str], ...]
    lacking: tuple[str, ...]
    """What has to be mended before a run; empty when one can begin."""

    def __str__(self) -> str:
        width = max(len(name) for name, _ in self.found)
        lines = [f"{name:<{width}}  {words}" for name, words in self.found]
        verdict = [f"a run cannot begin: {words}" for words in self.lacking] or ["a run can begin"]
        return "\n".join([*lines, *verdict])


def examine(options: KubernetesOptions) -> Examination:
    """Look at the cluster that *options* lead to.

    Raises:
        UsageError: There is no such kubeconfig or context.
        EnvironmentBrokenError: The API server does not answer, or does not know who asks.
    """
    with connect(options.kubeconfig, options.context) as api:
        view = KubernetesView(api, options.context or "kubeconfig")
        seen = look_around(view)
        missing = missing_permissions(api)
        images = image_names(options.image_base, options.registry)
        found = (
            ("server", f"Kubernetes {server_version(api)}"),
            ("SMI", _kinds(seen.served)),
            ("mesh", detect(seen).because),
            ("policy of others", policy_of_others(view)),
            ("permissions", f"missing: {', '.join(missing)}" if missing else "all that a run needs"),
            *_images(view, images),
            *(("not looked at", words) for words in seen.unseen),
            ("a run creates", _creations()),
        )
    return Examination(found=found, lacking=tuple(_lacking(seen, missing)))


def _lacking(seen: Seen, missing: tuple[str, ...]) -> Iterator[str]:
    if missing:
        yield f"the account may not {', '.join(missing)}; {RIGHTS}"
    if not seen.served:
        yield "the cluster serves no SMI kind; install a mesh; `smi-conformance mesh install` brings ours"


def _kinds(served: Mapping[str, tuple[str, ...]]) -> str:
    words = [f"{kind.name} {'/'.join(served[kind.name])}" for kind in KINDS if kind.name in served]
    return ", ".join(words) or "no kind is served"


def policy_of_others(view: ClusterView) -> str:
    """Say whose policy is there besides; a run's own namespaces are new, so that it cannot speak of them."""
    try:
        objects = [one for kind in KINDS for one in view.list(kind.name)]
    except ConformanceError as error:
        return f"cannot be looked at: {error.what}"
    foreign = [one for one in objects if RUN_LABEL not in (one.body["metadata"].get("labels") or {})]
    if not foreign:
        return "none"
    places = Counter(one.namespace for one in foreign)
    where = ", ".join(f"{name} ({count})" for name, count in sorted(places.items()))
    return f"{len(foreign)} SMI objects in {where}; they stay untouched, and name none of a run's namespaces"


def _images(view: KubernetesView, images: Images) -> Iterator[tuple[str, str]]:
    try:
        held = view.node_images()
    except ConformanceError:
        yield (
            "images",
            f"{', '.join(images.all)}; whether its nodes have them cannot be seen with this account's rights",
        )
        return
    for image in images.all:
        words = "its nodes have it" if is_held(image, held) else "not among those its nodes tell of"
        yield "image", f"{image}: {words}"


def _creations() -> str:
    world = load_world(fixtures_root() / "world" / "world.yaml")
    kinds = Counter(one.kind for one in world.objects)
    counted = ", ".join(f"{count} {kind}s" for kind, count in sorted(kinds.items()))
    return f"a Namespace {RUN_PREFIX}<run> that owns the rest, at most {counted}, and SMI objects in these Namespaces"
