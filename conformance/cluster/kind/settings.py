"""How a kind cluster is wanted, in the words of pytest-kind's options."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_NOT_NAMED = "pytest-kind"
"""What pytest-kind's ``--cluster-name`` says when nobody gave it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindSettings:
    """Which cluster to make, and with what."""

    name: str | None = None
    """``--cluster-name``. By default the cluster is named after the run. One that is there is used and stays."""
    keep: bool = False
    """``--keep-cluster``: do not delete the cluster that the run made."""
    kubeconfig: Path | None = None
    """``--kubeconfig``: where kind writes how to reach the cluster; by default into the run's own folder."""
    image: str | None = None
    """``--kind-image``: the node image; by default the one that this release of kind comes with."""
    kind_bin: Path | None = None
    """``--kind-bin``; by default the ``kind`` on PATH. Nothing is ever downloaded."""
    kubectl_bin: Path | None = None
    """``--kind-kubectl-bin``; by default the ``kubectl`` on PATH."""


def read_kind_settings(option: Callable[[str], object]) -> KindSettings:
    """Read pytest-kind's own options.

    Args:
        option: Says what an option was given, by the name under which pytest keeps it, such as ``cluster_name``;
            None or an empty text where it was not given or is not known.
    """
    name = _text(option("cluster_name"))
    return KindSettings(
        name=None if name == _NOT_NAMED else name,
        keep=bool(option("keep_cluster")),
        kubeconfig=_path(option("kubeconfig")),
        image=_text(option("kind_image")),
        kind_bin=_path(option("kind_bin")),
        kubectl_bin=_path(option("kind_kubectl_bin")),
    )


def _text(given: object) -> str | None:
    return str(given) if given else None


def _path(given: object) -> Path | None:
    # Absolute, since pytest-kind is made in another folder than the one that the person named it from.
    return Path(str(given)).absolute() if given else None
