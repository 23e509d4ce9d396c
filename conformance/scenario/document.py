"""YAML files that remember on which line each thing stands, so that a mistake is shown where it was made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from conformance.errors import ScenarioError

Step = str | int
"""One step into a document: a key of a mapping, or a position in a list from 0."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Every run reads the whole library; the one in C, where PyYAML has it, is ten times as fast."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A YAML document as plain values, with the line of each of them."""

    path: Path
    value: Any
    lines: Mapping[tuple[Step, ...], int]

    def line(self, *steps: Step) -> int:
        """Say on which line *steps* leads to, from 1; the nearest enclosing one where it leads nowhere."""
        while steps not in self.lines:
            steps = steps[:-1]
        return self.lines[steps]

    def mistake(self, steps: tuple[Step, ...], what: str, hint: str) -> ScenarioError:
        """Make the error that says *what* is wrong at *steps* and what would be right."""
        return ScenarioError(what, f"{self.path}:{self.line(*steps)}", hint)


def read_document(path: Path) -> Document:
    """Read a file of exactly one YAML document.

    Raises:
        ScenarioError: No such file, not YAML, no or several documents, a key twice, or an anchor.
    """
    documents = read_documents(path)
    if len(documents) != 1:
        raise ScenarioError(
            f"holds {len(documents)} YAML documents, expected one",
            f"{path}:1",
            "keep one document in the file",
        )
    return documents[0]


def read_documents(path: Path) -> tuple[Document, ...]:
    """Read a file of YAML documents, the empty ones left out.

    Raises:
        ScenarioError: No such file, not YAML, a key twice, or an anchor.
    """
    try:
        text = path.read_text(encoding="utf-8")
        _refuse_aliases(path, text)
        return tuple(_documents(path, text))
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"cannot be read: {error}", str(path), "name a YAML file in UTF-8") from error
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise ScenarioError(
            f"is no YAML: {error.problem or error.context}", where, "mend the YAML"
        ) from error


def suggestion(wrong: str, known: Iterator[str] | tuple[str, ...], what: str) -> str:
    """Say which of *known* was probably meant by *wrong*, or list them all.

    Args:
        wrong: What somebody wrote.
        known: What could have been written.
        what: What these are called, in the plural.
    """
    names = sorted(known)
    close = get_close_matches(wrong, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"the {what} are {', '.join(names)}" if names else f"there are no {what}"


def _refuse_aliases(path: Path, text: str) -> None:
    # Lines would no longer say where a thing stands, and a loop of aliases has no end.
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent):
            mark: Any = event.start_mark
            raise ScenarioError(
                f"uses the alias *{event.anchor}",
                f"{path}:{mark.line + 1}",
                "write out what the alias stands for",
            )


def _documents(path: Path, text: str) -> Iterator[Document]:
    loader = _LOADER(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            assert node is not None  # check_node said that there is one
            lines = dict(_lines(path, node, ()))
            value = loader.construct_document(node)
            if value is not None:
                yield Document(path=path, value=value, lines=lines)
    finally:
        loader.dispose()


def _lines(path: Path, node: yaml.Node, steps: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], int]]:
    if not steps:
        yield steps, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        yield from _lines_of_mapping(path, node, steps)
    elif isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            yield (*steps, position), item.start_mark.line + 1
            yield from _lines(path, item, (*steps, position))


def _lines_of_mapping(
    path: Path, node: yaml.MappingNode, steps: tuple[Step, ...]
) -> Iterator[tuple[tuple[Step, ...], int]]:
    seen: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if key.tag != "tag:yaml.org,2002:str":
            raise ScenarioError(
                f"the key {key.value!r} is no text", f"{path}:{line}", f'write it in quotes: "{key.value}"'
            )
        if key.value in seen:
            raise ScenarioError(
                f"the key {key.value!r} stands twice, first on line {seen[key.value]}",
                f"{path}:{line}",
                "keep one of them",
            )
        seen[key.value] = line
        yield (*steps, key.value), line
        yield from _lines(path, value, (*steps, key.value))
