"""Where the suite's own data lies: beside the package in a checkout, inside it in a wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_SHIPPED = _PACKAGE / "_data"


def _root() -> Path:
    return _SHIPPED if _SHIPPED.is_dir() else _PACKAGE.parent


def scenarios_root() -> Path:
    """The folder that holds one folder of scenarios per API."""
    return _root() / "scenarios"


def fixtures_root() -> Path:
    """The folder of CRDs, sample workloads and provider profiles."""
    return _root() / "fixtures"
