"""Programs that stand in for docker and kind: they write down how they were called and answer as told.

What Docker and kind really do is tested on them, in the tests marked ``kind``.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from conformance.cluster.images import building

_PROGRAM = """#!{python} -I
import json, os, pathlib, sys, time
home = pathlib.Path({home!r})
with (home / "calls").open("a") as calls:
    calls.write(json.dumps([{name!r}, *sys.argv[1:]]) + "\\n")
answers = json.loads((home / "answers").read_text())
line = " ".join([{name!r}, *sys.argv[1:]])
for words, answer in answers:
    if words in line:
        if "write" in answer:
            path = next(a.partition("=")[2] for a in sys.argv if a.startswith("--kubeconfig="))
            pathlib.Path(path).write_text(answer["write"])
        for path in answer.get("touch", ()):
            pathlib.Path(path).write_text(str(os.getpid()))
        if "then" in answer:
            (home / "answers").write_text(json.dumps([answer["then"], *answers]))
        if "lingering" in answer and os.fork() == 0:
            os.close(1), os.close(2), time.sleep(answer["lingering"]), os._exit(0)
        sys.stdout.write(answer.get("out", ""))
        sys.stdout.flush()
        sys.stderr.write(answer.get("err", ""))
        time.sleep(answer.get("sleep", 0))
        sys.exit(answer.get("code", 0))
"""


class StandIns:
    """Programs on PATH, and what they were asked."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.answers: list[tuple[str, dict]] = []
        self.answer()

    def make(self, *names: str) -> None:
        for name in names:
            path = self.home / "bin" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(_PROGRAM.format(python=sys.executable, home=str(self.home), name=name))
            path.chmod(0o755)

    def answer(self, words: str = "", **answer: object) -> None:
        """Answer a command line that contains *words* so; the newest answer that fits is taken."""
        if words:
            self.answers.insert(0, (words, answer))
        (self.home / "answers").write_text(json.dumps(self.answers))

    @property
    def calls(self) -> list[list[str]]:
        path = self.home / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def called(self, *words: str) -> list[list[str]]:
        return [call for call in self.calls if call[: len(words)] == list(words)]


@pytest.fixture
def stand_ins(tmp_path, monkeypatch) -> StandIns:
    """No docker and no kind on PATH until `make` puts one there; all folders of the user are new ones."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("KIND_EXPERIMENTAL_PROVIDER", raising=False)
    return StandIns(tmp_path)


@pytest.fixture
def told() -> SimpleNamespace:
    """What was told on the way: `tell` takes it, `lines` has it."""
    lines: list[str] = []
    return SimpleNamespace(tell=lines.append, lines=lines)


@pytest.fixture
def wheels(monkeypatch, tmp_path) -> Iterator[Path]:
    """Wheels without an index: a folder with one empty wheel stands for what pip would bring."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    (folder / "some_package-1.0-py3-none-any.whl").touch()
    (folder / "requirements.txt").write_text("some_package==1.0\n")
    monkeypatch.setattr(building, "fetch_wheels", lambda requires, target: folder)
    yield folder
    assert os.path.lexists(folder), "what is kept for the next build is not moved away"
