"""Puts a report on disk: each file whole or not at all."""

import json
import os
import secrets
from pathlib import Path

from conformance.errors import ReportError
from conformance.report.document import Report
from conformance.report.jsonfile import to_json
from conformance.report.page import render_page

JSON_FILE = "report.json"
PAGE_FILE = "report.html"


def write_report(report: Report, directory: Path) -> Path:
    """Write report.json and report.html into *directory*, which is made if need be.

    Returns:
        The path of report.html.

    Raises:
        ReportError: It cannot be written: no room, no right, or something is in the way.
    """
    write_whole(directory / JSON_FILE, json.dumps(to_json(report), indent=1, ensure_ascii=False) + "\n")
    write_whole(directory / PAGE_FILE, render_page(report))
    return directory / PAGE_FILE


def make_directory(directory: Path) -> None:
    """Make the directory of a report, and see that a file can be written there.

    Raises:
        ReportError: It cannot.
    """
    probe = directory / f".room-{secrets.token_hex(4)}"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe.write_text("", encoding="utf-8")
        probe.unlink()
    except OSError as error:
        raise _no_room(directory, error) from error


def point_latest(directory: Path) -> None:
    """Let the link ``latest`` beside *directory* lead to it; a file system without links goes without."""
    link = directory.parent / "latest"
    fresh = directory.parent / f".latest-{secrets.token_hex(4)}"
    try:
        fresh.symlink_to(directory.name)
        fresh.replace(link)
    except OSError:
        fresh.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader finds the old one or all of the new one, whatever happens in between.

    Raises:
        ReportError: It cannot be written; what was there before is still there.
    """
    fresh = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        _forget(fresh)
        raise _no_room(path, error) from error


def _forget(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # the first error is the one to tell


def _no_room(path: Path, error: OSError) -> ReportError:
    return ReportError(
        f"the report cannot be written: {error.strerror or error}",
        str(path),
        "make room or name another directory with --smi-report DIR",
    )
