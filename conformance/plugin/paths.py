"""What a run was asked to look at: whether scenarios are in it, and where shipped ones lie."""

from pathlib import Path

import pytest

from conformance.plugin.library import LIBRARY


def is_asked_for(config: pytest.Config, root: Path) -> bool:
    """Say whether scenarios below *root* may be among what pytest was asked to run."""
    return any(_touches(_path_of(config, arg), root) for arg in config.args)


def complete_arguments(config: pytest.Config) -> None:
    """With shipped scenarios: no path means all of them, and ``scenarios/...`` is found where they lie."""
    if not config.getini("smi_shipped"):
        return
    root = config.stash[LIBRARY].root
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = [str(root)]
        return
    config.args = [_shipped(config, arg, root) for arg in config.args]


def _shipped(config: pytest.Config, arg: str, root: Path) -> str:
    there = root.parent / arg.partition("::")[0]
    return arg if _path_of(config, arg).exists() or not there.exists() else str(root.parent / arg)


def _path_of(config: pytest.Config, arg: str) -> Path:
    return Path(config.invocation_params.dir, arg.partition("::")[0]).resolve()


def _touches(path: Path, root: Path) -> bool:
    return path.is_relative_to(root) or root.is_relative_to(path)
