"""Every command that the project knows. ``nox -l`` lists them; arguments after ``--`` are passed on."""

import shutil
import tempfile
from pathlib import Path

import nox

nox.needs_version = ">=2024.10"
nox.options.sessions = ["lint", "types", "tests"]
nox.options.reuse_existing_virtualenvs = True
nox.options.default_venv_backend = "venv"

PROJECT = nox.project.load_toml("pyproject.toml")
WRONG_MESHES = "conformance/tests/wrong_meshes"
SPELT = ("conformance", "scenarios", "docs", "reports/README.md", "README.md", "CHANGELOG.md", "noxfile.py")


def install(session: nox.Session, extra: str = "") -> None:
    """Put the project, as it stands here, and its development tools into the session's environment."""
    project = f".[{extra}]" if extra else "."
    session.install("--quiet", "--editable", project, *nox.project.dependency_groups(PROJECT, "dev"))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, layers, spelling and the scenario files."""
    install(session)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")
    session.run("codespell", *(path for path in SPELT if Path(path).exists()))
    session.run("smi-conformance", "list", silent=True)


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of the suite."""
    install(session)
    session.run("mypy", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Test the suite itself. Arguments go to pytest."""
    install(session)
    if session.posargs:
        named = any(Path(arg.partition("::")[0]).exists() for arg in session.posargs)
        where = () if named else ("conformance/tests", "-m", "not kind")
        session.run("pytest", *where, *session.posargs)
        return
    # Wrong meshes are mostly waited for, so that three side by side fit on two processors; the others are not.
    session.run("pytest", "conformance/tests", "-m", "not kind", f"--ignore={WRONG_MESHES}")
    session.run("pytest", WRONG_MESHES, "-n", "3", "--dist", "worksteal")


@nox.session
def kind_tests(session: nox.Session) -> None:
    """Test the suite's own Kubernetes side on kind clusters; needs Docker and kind. Arguments go to pytest."""
    install(session, "kind")
    session.run("pytest", "conformance/tests", "-m", "kind", *session.posargs)


@nox.session
def conformance(session: nox.Session) -> None:
    """Judge the reference mesh, on two embedded clusters side by side. Arguments go to pytest: -k split -x."""
    install(session)
    session.run("pytest", *(session.posargs or ["-n", "2", "--dist", "worksteal"]))


@nox.session
def kind(session: nox.Session) -> None:
    """Judge the reference mesh on a kind cluster of its own; needs Docker and kind. Arguments go to pytest."""
    install(session, "kind")
    session.run("pytest", "--smi-cluster=kind", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure how fast things go. An argument names a part, such as propagation; all without."""
    install(session)
    for path in sorted(Path("conformance/tests/bench").glob("bench_*.py")):
        if any(word in path.stem for word in session.posargs or [""]):
            session.run("python", "-m", f"conformance.tests.bench.{path.stem}")


@nox.session
def package(session: nox.Session) -> None:
    """Build the wheel into dist/, install it elsewhere, and run the command from an empty folder."""
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", "dist", ".")
    (wheel,) = Path("dist").resolve().glob("*.whl")
    session.install("--quiet", "--force-reinstall", str(wheel))
    with tempfile.TemporaryDirectory() as empty, session.chdir(empty):
        session.run("smi-conformance", "list", silent=True)
        session.run("smi-conformance", "run", "-k", "no-target-refuses-http and v1alpha4")
