"""A kind cluster for a run: made, loaded with images, and deleted, through pytest-kind's `KindCluster`."""

import contextlib
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

from conformance.cluster.images.docker import find_docker
from conformance.cluster.kind.nodes import await_nodes, has_image
from conformance.cluster.kind.programs import KindProgram, find_kind, find_kubectl
from conformance.cluster.kind.records import open_folder, records_root
from conformance.cluster.kind.removal import remove_remains
from conformance.cluster.kind.settings import KindSettings
from conformance.cluster.kind.sharing import Use, making, shared_locks
from conformance.cluster.kind.sweeping import sweep_kind_clusters
from conformance.errors import EnvironmentBrokenError, UsageError

if TYPE_CHECKING:
    from pytest_kind import KindCluster

CLUSTER_PREFIX = "smi-"
"""How the names of clusters begin that runs make for themselves."""
_SOMEBODY_ELSES = "already exist for a cluster with the name"
"""What kind says when a cluster of that name appeared since we looked."""

Tell = Callable[[str], None]
"""Hears what is going on, a sentence at a time."""


class KindHost:
    """A kind cluster, open from construction until `close`.

    A cluster that was there under its name is used and stays. One that this run made is deleted when all who use it
    are done, unless it is to be kept; when making it fails or is interrupted, nothing of it stays.
    """

    def __init__(
        self,
        settings: KindSettings,
        run_id: str,
        tell: Tell,
        *,
        root: Path | None = None,
        await_ready: Callable[[Path, str], None] = await_nodes,
    ) -> None:
        """Sweep what killed runs left behind, then make the cluster, or find it.

        Args:
            settings: Which cluster.
            run_id: Names the cluster, unless the settings do, and the run's folder.
            tell: Hears what is done.
            root: Where runs keep their records; by default in the user's state folder.
            await_ready: Waits until a cluster's nodes, reached by a kubeconfig and a context, take pods.

        Raises:
            UsageError: pytest-kind is not installed, or what was named as a program is none.
            EnvironmentBrokenError: kind or Docker is missing, or the cluster does not come up.
        """
        maker = _maker()
        kind = find_kind(settings.kind_bin)
        kubectl = find_kubectl(settings.kubectl_bin, tell)
        _check_docker()
        for sentence in sweep_kind_clusters(root):
            tell(sentence)
        self._settings = settings
        self._tell = tell
        self.name = _checked(settings.name) if settings.name else f"{CLUSTER_PREFIX}{run_id}"
        where = root or records_root()
        with ExitStack() as undo:
            self._folder = open_folder(run_id, where)
            undo.callback(self._folder.release)
            self.kubeconfig = settings.kubeconfig or self._folder.path / "kubeconfig"
            self._program = KindProgram(kind, self._folder.path)
            self._cluster = self._described(maker, kubectl)
            # A cluster that nobody can name is nobody else's: its locks go with the run's folder.
            self._locks = shared_locks(where) if settings.name else self._folder.path
            with making(self._locks, self.name):
                self._open(kind, await_ready)
                self._use = Use(self._locks, self.name)
            undo.callback(self._use.end)
            undo.callback(self._leave)
            self._undo = undo.pop_all()

    @property
    def context(self) -> str:
        """The cluster's name in the kubeconfig."""
        return f"kind-{self.name}"

    def load(self, image: str) -> None:
        """Bring an image that Docker has onto the nodes; where it is already, nothing is done.

        Raises:
            EnvironmentBrokenError: Docker does not have it, or the node does not take it.
        """
        if self._found and has_image(self.kubeconfig, self.context, image):
            return
        self._tell(f"loading {image} into {self.name}")
        with self._reported(
            f"image {image} cannot be loaded into kind cluster {self.name}",
            f"image {image}",
            "look whether Docker has it (docker image inspect) and whether the node's disk has room",
        ):
            self._cluster.load_docker_image(image)

    def close(self) -> None:
        """Delete the cluster if this run made it and it is not to be kept, once no other run uses it.

        Safe to call twice.

        Raises:
            EnvironmentBrokenError: kind cannot delete it; then its record stays, and the next sweep tries again.
        """
        self._undo.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _described(self, maker: "type[KindCluster]", kubectl: Path | None) -> "KindCluster":
        # pytest-kind makes a folder with the cluster's name below .pytest-kind where the process is, although all
        # its paths are given. Only a name that is an absolute path leads it elsewhere, so it learns its own later.
        cluster = maker(
            str(self._folder.path / "pytest-kind"),
            kubeconfig=self.kubeconfig,
            image=self._settings.image,
            kind_path=self._program.script,
            kubectl_path=kubectl or self._folder.path / "no-kubectl",
        )
        cluster.name = self.name
        return cluster

    def _open(self, kind: Path, await_ready: Callable[[Path, str], None]) -> None:
        self._found = self.name in self._program.clusters()
        with self._cleaning_up():
            if self._found:
                self._tell(f"using kind cluster {self.name}, which is there and will stay")
                self._program.export_kubeconfig(self.name, self.kubeconfig)
            else:
                self._tell(f"creating kind cluster {self.name}")
                self._folder.write(self.name, kind, self.kubeconfig, keep=self._settings.keep)
            with self._reported(
                f"kind cluster {self.name} does not come up",
                f"kind cluster {self.name}",
                "see docs/kubernetes.md; a node image that is here is named with --kind-image",
            ):
                self._cluster.create()
            await_ready(self.kubeconfig, self.context)

    def _leave(self) -> None:
        if self._settings.keep and not self._found:
            self._tell(f"kept kind cluster {self.name}: kubectl --kubeconfig {self.kubeconfig}")
            return
        if not self._found:
            with making(self._locks, self.name):
                self._use.await_others(
                    lambda: self._tell(f"waiting for others to be done with kind cluster {self.name}")
                )
                self._program.delete(self.name, self.kubeconfig)
        self._folder.remove()

    @contextlib.contextmanager
    def _reported(self, what: str, where: str, hint: str) -> Iterator[None]:
        """Put kind's failures into our words."""
        try:
            yield
        except subprocess.CalledProcessError as error:
            raise EnvironmentBrokenError(
                f"{what}; kind's last words:\n{self._program.last_words()}",
                where,
                hint,
            ) from error

    @contextlib.contextmanager
    def _cleaning_up(self) -> Iterator[None]:
        """Leave nothing of a cluster that did not come up."""
        try:
            yield
        except BaseException:
            if not self._found and _SOMEBODY_ELSES not in self._program.last_words():
                self._tell(f"removing what there is of kind cluster {self.name}")
                remove_remains(self._program, self.name, self.kubeconfig)
            self._folder.remove()
            raise


def _checked(name: str) -> str:
    # kind's own rule; here because the name also stands in names of files.
    if not re.fullmatch(r"[a-z0-9.-]+", name):
        raise UsageError(
            f"a kind cluster cannot be called {name!r}",
            "--cluster-name",
            "take lower-case letters, digits, . and -",
        )
    return name


def _maker() -> "type[KindCluster]":
    try:
        from pytest_kind import KindCluster
    except ImportError as error:
        raise UsageError(
            f"kind clusters are made through pytest-kind, which is not there: {error}",
            "this Python environment",
            "pip install 'smi-conformance[kind]'; it is an extra since its licence is the GPL-3.0",
        ) from error
    maker: type[KindCluster] = KindCluster
    return maker


def _check_docker() -> None:
    # With another provider kind itself says what is missing.
    if not os.environ.get("KIND_EXPERIMENTAL_PROVIDER"):
        find_docker()
