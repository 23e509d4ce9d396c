"""Images are built once, with Docker as it is found; what is missing is said in words."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.cluster.images import build_images, building, rename_images, save_images, write_contexts
from conformance.cluster.images import dependencies as fetching
from conformance.cluster.images.dependencies import Target, download_arguments, fetch_wheels, target_of
from conformance.cluster.images.docker import find_docker
from conformance.errors import EnvironmentBrokenError

PYTHON_3_11 = json.dumps([3, 11, "x86_64", "glibc", "2.36"])


@pytest.fixture
def docker(stand_ins, wheels):
    """A Docker that answers, has no image, runs Python 3.11 and builds whatever it is given."""
    stand_ins.make("docker")
    stand_ins.answer("docker image inspect", code=1)
    stand_ins.answer("docker run", out=PYTHON_3_11)
    return stand_ins


def test_both_images_are_built_on_the_base_that_was_named(docker, told):
    """Each gets its own context, the base as an argument, and the name that is handed back."""
    images = build_images(told.tell, "some-base")
    built = docker.called("docker", "build")
    assert [call[3] for call in built] == list(images.all)
    assert all("BASE=some-base" in call for call in built)
    assert len({call[-1] for call in built}) == 2


def test_image_that_is_there_is_not_built_again(docker, told):
    """Nothing is said, nothing is fetched, nothing is built."""
    docker.answer("docker image inspect", out="sha256:1")
    build_images(told.tell, "some-base")
    assert told.lines == []
    assert docker.called("docker", "build") == docker.called("docker", "run") == []


def test_nothing_of_a_build_is_left_in_the_way(docker, told, tmp_path, monkeypatch):
    """The context is a folder of its own and gone afterwards, also when the build does not succeed."""
    contexts = tmp_path / "contexts"
    contexts.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(contexts))
    docker.answer("docker build", code=1)
    with pytest.raises(EnvironmentBrokenError):
        build_images(told.tell, "some-base")
    assert list(contexts.iterdir()) == []


def test_failed_build_says_docker_s_last_words(docker, told):
    """The reason stands at the end of what Docker printed, in either stream."""
    docker.answer(
        "docker build", code=1, out="Step 3/9 : RUN pip\n", err="No matching distribution for uvloop\n"
    )
    with pytest.raises(EnvironmentBrokenError, match="No matching distribution for uvloop") as raised:
        build_images(told.tell, "some-base")
    assert "Step 3/9" in raised.value.what
    assert "some-base" in raised.value.where


def test_docker_that_is_missing_is_named_with_a_link(stand_ins, told):
    """The first sentence says what is missing and where to get it."""
    with pytest.raises(EnvironmentBrokenError, match="program docker is not there") as raised:
        build_images(told.tell)
    assert "https://docs.docker.com/" in raised.value.hint


def test_daemon_that_does_not_answer_is_told_in_docker_s_words(stand_ins, told):
    """A program without its daemon is another matter than no program."""
    stand_ins.make("docker")
    stand_ins.answer("docker version", code=1, err="Cannot connect to the Docker daemon at unix:///x.sock\n")
    with pytest.raises(
        EnvironmentBrokenError, match="daemon does not answer: Cannot connect to the Docker daemon"
    ):
        build_images(told.tell)


def test_base_without_python_is_refused_before_anything_is_fetched(docker, told):
    """What Docker says of it is passed on."""
    docker.answer("docker run", code=127, err='exec: "python3": executable file not found in $PATH\n')
    with pytest.raises(EnvironmentBrokenError, match="executable file not found"):
        build_images(told.tell, "alpine:3")
    assert docker.called("docker", "build") == []


def test_base_with_another_c_library_is_refused(docker):
    """Envoy's program wants glibc; on musl the sidecar would not start, and that much later."""
    docker.answer("docker run", out=json.dumps([3, 11, "x86_64", "", ""]))
    with pytest.raises(EnvironmentBrokenError, match="another C library"):
        target_of(find_docker(), "python:3.11-alpine")


def test_wheels_are_those_of_the_base_s_python(docker):
    """Not those of the Python that runs here."""
    docker.answer("docker run", out=json.dumps([3, 13, "aarch64", "glibc", "2.41"]))
    target = target_of(find_docker(), "python:3.13-slim")
    argv = download_arguments(("uvloop",), target, Path("versions.txt"), Path("there"))
    assert argv[argv.index("--python-version") + 1] == "3.13"
    assert "manylinux_2_41_aarch64" in argv
    assert "manylinux_2_42_aarch64" not in argv
    assert argv[-1] == "uvloop"


class Pip:
    """Stands for pip: writes wheels and counts how often it was asked."""

    def __init__(self, code: int = 0) -> None:
        self.code, self.versions = code, []

    def __call__(self, argv, **options):
        self.versions.append(Path(argv[argv.index("--constraint") + 1]).read_text())
        Path(argv[argv.index("--dest") + 1], "google_re2-1.1-1-cp311-cp311-manylinux_2_27_x86_64.whl").touch()
        return subprocess.CompletedProcess(argv, self.code, "", "ERROR: No matching distribution\n")


@pytest.fixture
def pip(stand_ins, monkeypatch):
    """A pip without an index."""
    pip = Pip()
    monkeypatch.setattr(fetching.subprocess, "run", pip)
    return pip


TARGET = Target(version="3.11", machine="x86_64", glibc=36)


def test_wheels_are_fetched_once_and_kept(pip):
    """The next image with the same requirements asks nobody; others, or for another Python, are fetched."""
    wheels = fetch_wheels(("google-re2",), TARGET)
    assert fetch_wheels(("google-re2",), TARGET) == wheels
    assert len(pip.versions) == 1
    assert fetch_wheels(("google-re2",), Target(version="3.12", machine="x86_64", glibc=36)) != wheels


def test_wheels_have_the_versions_that_run_here(pip):
    """A mesh in a cluster is the mesh that was tested."""
    fetch_wheels(("google-re2",), TARGET)
    assert f"pytest=={pytest.__version__}\n" in pip.versions[0]


def test_requirements_name_what_was_fetched(pip):
    """By name and version, so that pip takes the file for its own platform where there are several."""
    assert (fetch_wheels(("google-re2",), TARGET) / "requirements.txt").read_text() == "google_re2==1.1\n"


def test_wheels_that_cannot_be_had_leave_nothing_half(pip, tmp_path):
    """The message has pip's own words, and the next try begins anew."""
    pip.code = 1
    with pytest.raises(EnvironmentBrokenError, match="No matching distribution") as raised:
        fetch_wheels(("google-re2",), TARGET)
    assert sys.executable in raised.value.where
    assert list((tmp_path / "cache" / "smi-conformance" / "wheels").iterdir()) == []


def test_images_are_renamed_for_a_registry(docker, told):
    """Both get the name under which a cluster looks for them, and the names come back."""
    renamed = rename_images("registry.example/team", told.tell, "some-base")
    assert [call[3] for call in docker.called("docker", "tag")] == list(renamed.all)
    assert all(image.startswith("registry.example/team/smi-conformance/") for image in renamed.all)


def test_images_are_saved_into_one_file(docker, told, tmp_path):
    """For nodes that reach no registry."""
    images = save_images(tmp_path / "images.tar", told.tell, "some-base")
    (call,) = docker.called("docker", "save")
    assert call[2:] == ["--output", str(tmp_path / "images.tar"), *images.all]


def test_context_for_several_machines_has_the_wheels_of_each(docker, told, tmp_path, monkeypatch):
    """Pip takes those that fit the machine for which the image is being built."""

    def fetched(requires, target):
        folder = tmp_path / target.machine
        folder.mkdir(exist_ok=True)
        (folder / f"uvloop-1.0-cp311-cp311-{target.machine}.whl").touch()
        (folder / "requirements.txt").write_text("uvloop==1.0\n")
        return folder

    monkeypatch.setattr(building, "fetch_wheels", fetched)
    write_contexts(tmp_path / "contexts", told.tell, "some-base", ("x86_64", "aarch64"))
    probe = tmp_path / "contexts" / "probe"
    assert {path.name for path in (probe / "dependencies").iterdir()} == {
        "requirements.txt",
        "uvloop-1.0-cp311-cp311-aarch64.whl",
        "uvloop-1.0-cp311-cp311-x86_64.whl",
    }
    assert (probe / "dependencies" / "requirements.txt").read_text() == "uvloop==1.0\n"
    assert (probe / "Dockerfile").exists()
    assert [path.suffix for path in (probe / "project").iterdir()] == [".whl"]
