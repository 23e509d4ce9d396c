"""The programs ``kind`` and ``kubectl`` of this machine, and how ``kind`` is called.

pytest-kind calls ``kind`` without keeping what it says and lets Ctrl-C reach it, which leaves half a cluster. So it
is handed a script that calls the real one: in a session of its own, its words kept in a log, its process id too.
"""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from conformance.cluster.kind.session import Session
from conformance.errors import EnvironmentBrokenError, UsageError

_KIND_PAGE = "https://kind.sigs.k8s.io/docs/user/quick-start/#installation"
_KUBECTL_PAGE = "https://kubernetes.io/docs/tasks/tools/"
_TOLD_LINES = 12
"""How many of kind's last lines are told when it fails; the reason stands before a few lines of stack."""
_QUESTION = 60
"""How long kind may take to list clusters. Unit: s. A guess; a tenth of a second is usual."""
_DELETION = 180
"""How long kind may take to delete a cluster. Unit: s. A guess; 2 s are usual."""

_CALL = """
import os, sys
os.setsid()
with open("/proc/self/stat") if os.path.exists("/proc/self/stat") else open(os.devnull) as stat:
    started = (stat.read().rpartition(")")[2].split() + 20 * [""])[19]
with open(sys.argv[1], "w") as session:
    session.write(f"{os.getpid()} {started}")
os.execv(sys.argv[2], sys.argv[2:])
"""


def find_kind(given: Path | None) -> Path:
    """Find the program, as given or on PATH.

    Raises:
        UsageError: What was given is no program.
        EnvironmentBrokenError: None was given and none is on PATH.
    """
    found = _program("kind", given, "--kind-bin")
    if found is None:
        raise EnvironmentBrokenError(
            "the program kind is not there", "PATH", f"install it ({_KIND_PAGE}), or name it with --kind-bin"
        )
    return found


def find_kubectl(given: Path | None, tell: Callable[[str], None]) -> Path | None:
    """Find the program, as given or on PATH; a run does without it, a person who looks into the cluster does not.

    Raises:
        UsageError: What was given is no program.
    """
    found = _program("kubectl", given, "--kind-kubectl-bin")
    if found is None:
        tell(
            f"kubectl is not on PATH; the run does without it, to look into the cluster install it: {_KUBECTL_PAGE}"
        )
    return found


def _program(name: str, given: Path | None, option: str) -> Path | None:
    if given is None:
        found = shutil.which(name)
        return Path(found).absolute() if found else None
    if not (given.is_file() and os.access(given, os.X_OK)):
        raise UsageError(
            f"{str(given)!r} is no program", option, f"give the path of {name}, or none to take PATH's"
        )
    return given


class KindProgram:
    """One ``kind``, with a folder for what its calls leave."""

    def __init__(self, program: Path, folder: Path) -> None:
        """Write the script into *folder* that pytest-kind is to call.

        Args:
            program: The real one.
            folder: For the script, its log, and the processes of its last call; what is in it already counts.
        """
        self._program = program
        self._log = folder / "kind.log"
        self.session = Session(folder / "session")
        self.script = folder / "kind"
        self.script.write_text(self._script(), "utf-8")
        self.script.chmod(0o700)

    def _script(self) -> str:
        words = (sys.executable, "-I", "-c", _CALL, str(self.session.path), str(self._program))
        return f'#!/bin/sh\nexec {shlex.join(words)} "$@" 2>{shlex.quote(str(self._log))}\n'

    def clusters(self) -> tuple[str, ...]:
        """Name all clusters that are there.

        Raises:
            EnvironmentBrokenError: kind cannot say.
        """
        return tuple(self._run("get", "clusters", at_most=_QUESTION).split())

    def export_kubeconfig(self, cluster: str, kubeconfig: Path) -> None:
        """Write into *kubeconfig* how to reach a cluster that is there."""
        self._run(
            "export", "kubeconfig", f"--name={cluster}", f"--kubeconfig={kubeconfig}", at_most=_QUESTION
        )

    def delete(self, cluster: str, kubeconfig: Path) -> None:
        """Delete a cluster and its entries in *kubeconfig*; one that is not there is no error.

        Raises:
            EnvironmentBrokenError: kind cannot.
        """
        self._run("delete", "cluster", f"--name={cluster}", f"--kubeconfig={kubeconfig}", at_most=_DELETION)

    def _run(self, *arguments: str, at_most: float) -> str:
        # A session of its own, and no end on an exception: a second Ctrl-C must not stop a deletion half-way.
        process = subprocess.Popen(
            (str(self._program), *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            said, complained = process.communicate(timeout=at_most)
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.communicate()
            raise _failed(arguments, f"nothing came back within {at_most} s") from error
        if process.returncode:
            raise _failed(arguments, _end_of(complained))
        return said

    def last_words(self) -> str:
        """Say how the log of the script's last call ends."""
        try:
            return _end_of(self._log.read_text("utf-8", errors="replace"))
        except FileNotFoundError:
            return "no word"


def _failed(arguments: tuple[str, ...], words: str) -> EnvironmentBrokenError:
    return EnvironmentBrokenError(
        f"kind did not do what it was told; its last words:\n{words}",
        f"kind {' '.join(arguments)}",
        "check that Docker's daemon answers: docker info",
    )


def _end_of(text: str) -> str:
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    # Below this line kind prints where in its source it was, which tells nobody anything.
    end = next((at for at, line in enumerate(lines) if line.startswith("Stack Trace")), len(lines))
    return "\n".join(lines[:end][-_TOLD_LINES:]) or "no word"
