"""The pytest plugin: scenarios become tests, verdicts become outcomes, a run becomes a report.

Nothing here judges. The plugin is active when the scenarios' folder is among what pytest was asked to run;
otherwise it declares its options and keeps quiet.
"""

import os
import signal
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from conformance.errors import ConformanceError
from conformance.plugin import allure, hooks
from conformance.plugin.carrying import Carrying
from conformance.plugin.collecting import ScenarioFile, declare_markers
from conformance.plugin.hooks import Session
from conformance.plugin.judging import JUDGING, Judging
from conformance.plugin.library import LIBRARY, Library
from conformance.plugin.options import Asked, add_options, known_faults, read_asked, root_of
from conformance.plugin.paths import complete_arguments, is_asked_for
from conformance.plugin.progress import Progress
from conformance.plugin.running import Running
from conformance.plugin.summary import Summary
from conformance.report import make_directory
from conformance.runner.settings import RunSettings

_LOOKING = (
    "collectonly",
    "help",
    "version",
    "markers",
    "show_fixtures",
    "showfixtures",
    "cacheshow",
    "setupplan",
)
"""Options with which pytest tells about tests and runs none."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the suite's options."""
    add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the suite's hook."""
    pluginmanager.add_hookspecs(hooks)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Answer ``--smi-fault list``, which runs nothing."""
    if "list" not in config.getoption("--smi-fault"):
        return None
    for name in known_faults():
        print(name)  # noqa: T201  # this is the answer, for a shell to read
    return 0


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Set the run up, before the plugins that write reports look for their paths."""
    declare_markers(config)
    config.stash[LIBRARY] = Library(root_of(config))
    complete_arguments(config)
    worker = getattr(config, "workerinput", None)
    if not is_asked_for(config, config.stash[LIBRARY].root):
        return
    if worker is not None:
        _configure_worker(config, worker)
    elif not any(config.getoption(name, False) for name in _LOOKING):
        _configure_run(config)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take up scenario files."""
    if not parent.config.stash[LIBRARY].is_scenario(file_path):
        return None
    return ScenarioFile.from_parent(parent, path=file_path)


@pytest.hookimpl(trylast=True)
def pytest_smi_session(settings: RunSettings) -> Session:
    """Judge with the suite's own session, unless somebody brings another."""
    from conformance.runner.session import Session as OwnSession  # late: it brings cluster and mesh along

    return OwnSession(settings)


def _configure_run(config: pytest.Config) -> None:
    asked = read_asked(config)
    try:
        make_directory(asked.report)
    except ConformanceError as error:
        pytest.exit(str(error), returncode=3)
    config.option.allure_report_dir = config.option.allure_report_dir or str(asked.report / "allure")
    config.option.xmlpath = config.option.xmlpath or str(asked.report / "junit.xml")
    if not any(arg.startswith("-r") for arg in config.invocation_params.args):
        config.option.reportchars = ""  # the suite's own summary names what did not pass
    judging = _join_judging(config, asked, worker="")
    running = Running(config, asked, judging)
    config.pluginmanager.register(running, "smi-running")
    config.pluginmanager.register(Summary(config, running), "smi-summary")
    config.pluginmanager.register(_Startup(config, running, judging), "smi-startup")


def _configure_worker(config: pytest.Config, given: Any) -> None:
    # xdist hands all options on; the run's name and place are drawn once, by the process that reports.
    named = {"run_id": given["smi_run_id"], "report": Path(given["smi_report"]), "is_default_report": False}
    asked = replace(read_asked(config), **named)
    config.option.allure_report_dir = given["smi_allure"]
    judging = _join_judging(config, asked, worker=f"-{given['workerid']}")
    config.pluginmanager.register(_WorkerEnd(config, judging), "smi-worker")


def _join_judging(config: pytest.Config, asked: Asked, worker: str) -> Judging:
    judging = config.stash[JUDGING] = Judging(config, asked, worker)
    config.pluginmanager.register(Carrying(judging), "smi-carrying")
    allure.watch_writing(config, judging.trouble)
    return judging


def _restore(handler: Any) -> None:
    signal.signal(signal.SIGTERM, handler)


class _Startup:
    """What can only be set up once all plugins are there, and what workers are told."""

    def __init__(self, config: pytest.Config, running: Running, judging: Judging) -> None:
        self._config = config
        self._running = running
        self._judging = judging

    def pytest_sessionstart(self) -> None:
        """Show progress in our own way, and end in order when the system ends the run."""
        self._config.add_cleanup(partial(_restore, signal.signal(signal.SIGTERM, signal.default_int_handler)))
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None and self._config.option.verbose == 0:
            progress = Progress(terminal, self._running)
            self._judging.tell = progress.tell
            self._config.pluginmanager.register(progress, "smi-progress")

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker what was asked for; its own command line is the same, but names no run."""
        asked = self._running.asked
        node.workerinput |= {
            "smi_run_id": asked.run_id,
            "smi_report": os.fspath(asked.report),
            "smi_allure": self._config.option.allure_report_dir,
        }


class _WorkerEnd:
    """The end of a worker: what it knows goes to the process that reports, what it started goes away."""

    def __init__(self, config: Any, judging: Judging) -> None:
        self._config = config
        self._judging = judging

    def pytest_sessionfinish(self) -> None:
        """Hand over the facts and close the session."""
        self._config.workeroutput["smi_facts"] = [list(fact) for fact in self._judging.facts()]
        self._judging.close()
        self._config.workeroutput["smi_trouble"] = [list(error.args) for error in self._judging.trouble]
