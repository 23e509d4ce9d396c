"""A wheel of parts of this very package, made from its files as they are installed or checked out.

No build tool is asked: those want a checkout and often an index. The same files give the same bytes, anywhere.
"""

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import conformance

PACKAGE = Path(conformance.__file__).resolve().parent
_LEFT_OUT = frozenset(("__pycache__", "tests", "_data"))
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip file can say."""
_READABLE = 0o100644 << 16
_WHEEL = "Wheel-Version: 1.0\nGenerator: smi-conformance\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def wheel_name() -> str:
    """Name the file, as the wheel format wants it."""
    return f"smi_conformance-{conformance.__version__}-py3-none-any.whl"


def project_wheel(parts: Iterable[str], package: Path = PACKAGE) -> bytes:
    """Make the wheel.

    Args:
        parts: Files and folders to take, relative to the package; of folders everything but tests.
        package: Where the package lies.
    """
    files = {f"conformance/{path.relative_to(package).as_posix()}": path for path in _files(parts, package)}
    content = {name: path.read_bytes() for name, path in sorted(files.items())} | _metadata()
    record = f"{_info()}/RECORD"
    content[record] = "".join([*map(_recorded, content, content.values()), f"{record},,\n"]).encode()
    return _zipped(content)


def _files(parts: Iterable[str], package: Path) -> Iterator[Path]:
    for part in parts:
        top = package / part
        for path in top.rglob("*") if top.is_dir() else (top,):
            if path.is_file() and _LEFT_OUT.isdisjoint(path.relative_to(package).parts):
                yield path


def _info() -> str:
    return f"smi_conformance-{conformance.__version__}.dist-info"


def _metadata() -> dict[str, bytes]:
    text = f"Metadata-Version: 2.1\nName: smi-conformance\nVersion: {conformance.__version__}\n"
    return {f"{_info()}/METADATA": text.encode(), f"{_info()}/WHEEL": _WHEEL.encode()}


def _recorded(name: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}\n"


def _zipped(content: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    # Stored, not compressed: other releases of zlib would give other bytes, and the digest a tag is made of.
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as wheel:
        for name, data in content.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = _READABLE
            wheel.writestr(entry, data)
    return archive.getvalue()
