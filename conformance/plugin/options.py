"""The options of a run: declared, read and checked before anything starts."""

import difflib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance.cluster.kind.settings import read_kind_settings
from conformance.places import scenarios_root
from conformance.runner.settings import KubernetesOptions

_CLUSTERS = ("local", "kind", "kubeconfig")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asked for, checked."""

    run_id: str
    cluster: str
    provider: str
    faults: tuple[str, ...]
    kubernetes: KubernetesOptions
    report: Path
    """The report's directory, absolute."""
    is_default_report: bool
    """The directory was not named, so it is one of a row and the newest of them."""


def add_options(parser: pytest.Parser) -> None:
    """Declare the suite's options; none of them is needed for a first run."""
    group = parser.getgroup("smi", "SMI conformance")
    group.addoption(
        "--smi-cluster",
        default="local",
        metavar="WHERE",
        help="where the workloads run: local (the embedded cluster, the default), kind or kubeconfig",
    )
    group.addoption(
        "--smi-provider",
        default="reference",
        metavar="MESH",
        help="the mesh to judge: reference (ours, the default), the name of a profile, a profile's path, or auto "
        "(what is installed)",
    )
    group.addoption(
        "--smi-kubeconfig",
        default=None,
        metavar="FILE",
        help="with --smi-cluster=kubeconfig: the way to the cluster (default: $KUBECONFIG, or ~/.kube/config)",
    )
    group.addoption(
        "--smi-context",
        default=None,
        metavar="NAME",
        help="with --smi-cluster=kubeconfig: the kubeconfig's context (default: its current one)",
    )
    group.addoption(
        "--smi-registry",
        default="",
        metavar="PREFIX",
        help="where a cluster finds the suite's images, such as registry.example/team (default: its nodes have them)",
    )
    group.addoption(
        "--smi-image-base",
        default=None,
        metavar="IMAGE",
        help="what the suite's images are built on (default: the official image of this Python)",
    )
    group.addoption(
        "--smi-fault",
        action="append",
        default=[],
        metavar="NAME",
        help="break the reference mesh in this way and see it caught; repeatable; `list` names them all",
    )
    group.addoption(
        "--smi-report",
        default=None,
        metavar="DIR",
        help="where the report goes (default: reports/local/<run id>; reports/local/latest leads to it)",
    )
    group.addoption(
        "--smi-scenarios",
        default=None,
        metavar="DIR",
        help="the folder that holds the scenarios, one folder per API (default: the suite's own)",
    )
    parser.addini(
        "smi_shipped",
        type="bool",
        default=False,
        help="run the shipped scenarios when no path is given, and look for unknown paths there",
    )


def root_of(config: pytest.Config) -> Path:
    """Say which folder holds the scenarios."""
    named = config.getoption("--smi-scenarios")
    if named is None:
        return scenarios_root()
    return Path(config.invocation_params.dir, str(named)).resolve()


def known_faults() -> Mapping[str, str]:
    """Give every fault the reference mesh can be given, with a sentence on each."""
    from conformance.runner import faults  # late: it brings the reference mesh along

    return faults()


def read_asked(config: pytest.Config) -> Asked:
    """Read and check the options.

    Raises:
        pytest.UsageError: One of them names what does not exist or cannot be done.
    """
    run_id = secrets.token_hex(3)
    cluster, provider = (
        _cluster(str(config.getoption("--smi-cluster"))),
        str(config.getoption("--smi-provider")),
    )
    if cluster == "local" and provider != "reference":
        raise pytest.UsageError(
            f"--smi-provider={provider}: the embedded cluster has the reference mesh only; "
            "name a cluster that has the other one with --smi-cluster=kubeconfig"
        )
    if provider != "reference" and config.getoption("--smi-fault"):
        raise pytest.UsageError("--smi-fault: only the reference mesh can be broken on purpose")
    named = config.getoption("--smi-report")
    here = config.invocation_params.dir
    home = here if config.getini("smi_shipped") else config.rootpath
    report = Path(here, named) if named else home / "reports" / "local" / run_id
    return Asked(
        run_id=run_id,
        cluster=cluster,
        provider=provider,
        faults=_faults(config.getoption("--smi-fault")),
        kubernetes=_kubernetes(config),
        report=report.absolute(),
        is_default_report=not named,
    )


def _cluster(asked: str) -> str:
    if asked not in _CLUSTERS:
        raise pytest.UsageError(
            f"--smi-cluster={asked}: there is no {asked!r}; choose {', '.join(_CLUSTERS)}"
        )
    return asked


def _kubernetes(config: pytest.Config) -> KubernetesOptions:
    return KubernetesOptions(
        kubeconfig=_path(config.getoption("--smi-kubeconfig")),
        context=config.getoption("--smi-context"),
        image_base=config.getoption("--smi-image-base"),
        registry=str(config.getoption("--smi-registry")),
        kind=read_kind_settings(lambda name: config.getoption(name, None)),
    )


def _path(named: str | None) -> Path | None:
    return Path(named).expanduser().absolute() if named else None


def _faults(asked: Sequence[str]) -> tuple[str, ...]:
    if not asked:
        return ()
    known = known_faults()
    for name in asked:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
            meant = f"did you mean {' or '.join(close)}? " if close else ""
            every = f"`--smi-fault list` names all {len(known)}"
            raise pytest.UsageError(f"--smi-fault={name}: there is no fault of this name; {meant}{every}")
    return tuple(dict.fromkeys(asked))
