"""The images run as they are meant to, and kind clusters come and go on a real Docker."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.cluster.images import build_images
from conformance.cluster.kind import KindHost, KindSettings, sweep_kind_clusters
from conformance.tests.kind_clusters.real_kind import real_kind_or_skip
from conformance.tests.kind_clusters.stand_ins import wait_for

pytestmark = pytest.mark.kind

HARDENED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "none")


@pytest.fixture(scope="module")
def real_kind(pytestconfig):
    """Docker and kind of this machine."""
    return real_kind_or_skip(pytestconfig)


@pytest.fixture(scope="module")
def images(real_kind):
    """The suite's images, built if they are not there."""
    return build_images(print, real_kind.base)


@pytest.fixture
def settings(real_kind, tmp_path, monkeypatch) -> KindSettings:
    """A cluster for this test alone, with its records apart from everybody else's."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return replace(real_kind.settings, name=None, keep=False, kubeconfig=None)


def docker(*words: str, check: bool = True) -> str:
    done = subprocess.run(("docker", *words), capture_output=True, text=True, timeout=300, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done.stdout


def nodes_of(cluster: str) -> list[str]:
    return docker("ps", "--all", "--quiet", "--filter", f"label=io.x-k8s.kind.cluster={cluster}").split()


def test_probe_runs_without_rights_and_with_a_read_only_root(images):
    """As user 10001, with nothing writable but its socket's folder, on uvloop, it serves its channel and its port."""
    ask = (
        "import urllib.request as u, uvloop, os; "
        "print(os.getuid(), u.urlopen('http://127.0.0.1:8080/').status, os.path.exists('/run/smi/probe.sock'))"
    )
    environment = ("-e", "SMI_WORKLOAD=n/w", "-e", "SMI_BIND=0.0.0.0", "-e", "SMI_SOCKET=/run/smi/probe.sock")
    app = ("python", "-m", "conformance.probe.app", "--http=8080")
    run = (
        "run",
        "--detach",
        "--rm",
        *HARDENED,
        "--tmpfs",
        "/run/smi:mode=1777",
        *environment,
        images.probe,
        *app,
    )
    container = docker(*run).strip()
    try:
        wait_for(lambda: docker("exec", container, "ls", "/run/smi").strip())
        assert docker("exec", container, "python", "-c", ask).split() == ["10001", "200", "True"]
    finally:
        docker("kill", container)


def test_mesh_image_has_what_the_mesh_imports_and_an_envoy_that_runs(images):
    """As user 1337; Envoy's program fits the base's C library."""
    ask = (
        "import os, aiohttp, cryptography, kubernetes, re2, yaml; "
        "from conformance.refmesh.envoy import envoy_version; import conformance.refmesh.control_plane; "
        "print(os.getuid(), envoy_version())"
    )
    user, version = docker("run", "--rm", *HARDENED, images.mesh, "python", "-c", ask).split()
    assert user == "1337"
    assert version[0].isdigit()


@pytest.mark.parametrize("name", ["probe", "mesh"])
def test_every_module_in_an_image_can_be_imported(images, name):
    """All that they require is installed, for the base's Python and machine."""
    ask = (
        "import importlib, pkgutil, conformance; "
        "found = [one.name for one in pkgutil.walk_packages(conformance.__path__, 'conformance.')]; "
        "print(len([importlib.import_module(one) for one in found if not one.endswith('__main__')]))"
    )
    assert int(docker("run", "--rm", *HARDENED, getattr(images, name), "python", "-c", ask)) > 10


def test_mesh_image_redirects_traffic_when_it_may(images):
    """The init container is root with one capability, and needs no more than that."""
    rights = (
        "--user",
        "0",
        "--cap-drop",
        "ALL",
        "--cap-add",
        "NET_ADMIN",
        "--read-only",
        "--network",
        "none",
    )
    add = "iptables -t nat -A OUTPUT -p tcp -m owner '!' --uid-owner 1337 -j REDIRECT --to-ports 15001"
    rules = docker("run", "--rm", *rights, images.mesh, "sh", "-c", f"{add} && iptables -t nat -S OUTPUT")
    assert "--to-ports 15001" in rules


def test_image_that_is_there_is_not_built_again(images, real_kind):
    """Asking twice is one question to Docker."""
    told = []
    assert build_images(told.append, real_kind.base) == images
    assert told == []


def test_cluster_takes_an_image_and_is_gone_in_the_end(images, settings):
    """A pod of the probe runs in it by name alone, without a registry; then no node is left."""
    with KindHost(settings, "h2a", print) as host:
        assert host.name == "smi-h2a"
        host.load(images.probe)
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "probe"},
            "spec": {
                "restartPolicy": "Never",
                "automountServiceAccountToken": False,
                "containers": [
                    {
                        "name": "probe",
                        "image": images.probe,
                        "imagePullPolicy": "Never",
                        "command": ["python", "-c", "import conformance.probe.app"],
                    }
                ],
            },
        }
        kubectl = host._cluster.kubectl
        # The namespace's account comes a moment after the namespace; only then pods are taken.
        wait_for(lambda: kubectl("get", "serviceaccount", "--ignore-not-found", "default", "--output=name"))
        kubectl("create", "--filename=-", input=json.dumps(pod))
        kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/probe", "--timeout=120s")
    assert nodes_of("smi-h2a") == []


_RUN = """
import json, sys
from pathlib import Path
from conformance.cluster.kind import KindHost, KindSettings
image, kind_bin = json.loads(sys.argv[1])
KindHost(KindSettings(image=image, kind_bin=Path(kind_bin) if kind_bin else None), "h2b", print)
"""


@pytest.fixture
def creating(settings):
    """A run in a process of its own, whose node has just appeared."""
    given = json.dumps([settings.image, str(settings.kind_bin) if settings.kind_bin else None])
    run = subprocess.Popen((sys.executable, "-c", _RUN, given), cwd=Path(__file__).parents[3])
    wait_for(lambda: nodes_of("smi-h2b") or run.poll() is not None)
    yield run
    run.kill()
    run.wait()
    for node in nodes_of("smi-h2b"):
        docker("rm", "--force", "--volumes", node, check=False)


def test_ctrl_c_while_a_cluster_is_made_leaves_no_node(creating):
    """Nor anything that would make one afterwards."""
    creating.send_signal(signal.SIGINT)
    creating.wait(timeout=120)
    assert nodes_of("smi-h2b") == []
    assert sweep_kind_clusters() == []


def test_cluster_of_a_killed_run_is_swept(creating):
    """The kind that goes on making it is ended first."""
    creating.kill()
    creating.wait()
    assert sweep_kind_clusters() == ["removed kind cluster smi-h2b, left behind by a run that is gone"]
    assert nodes_of("smi-h2b") == []
