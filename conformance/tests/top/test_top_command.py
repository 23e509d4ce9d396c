"""The command ``top``, from its options to what it writes, through a kubeconfig to a stub of an API server."""

import json
import signal
import socket
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from conformance.cluster.embedded.api_front import status_answer
from conformance.cluster.embedded.door import ApiDoor
from conformance.command import app
from conformance.errors import ConformanceError, EnvironmentBrokenError, UsageError
from conformance.tests.doubles.metrics_api import ROOT, a_list, an_edge, an_object


@pytest.fixture
def kubeconfig(bare_cluster, stub, tmp_path):
    path = tmp_path / "kubeconfig"
    stub.documents["/namespaces/here/deployments"] = a_list(
        an_object("shop"), an_object("till", success="0", failure="0")
    )
    stub.documents["/namespaces/here/deployments/shop"] = an_object("shop")
    stub.documents["/namespaces/here/deployments/shop/edges"] = a_list(an_edge("shop", "client-a"))
    stub.documents["/deployments"] = a_list(an_object("shop", "there"))
    stub.documents["/namespaces/there/pods"] = a_list()
    stub.documents["/namespaces"] = status_answer(403, "Forbidden", "not for you")
    with ApiDoor(bare_cluster.call_api) as door:
        door.write_kubeconfig(path, "stub", "here")
        yield path


@pytest.fixture
def top(kubeconfig):
    """Run the command in this process; gives what it wrote, or raises what it would tell."""

    def run(*args):
        result = CliRunner().invoke(app, ["top", *args, f"--kubeconfig={kubeconfig}"])
        if isinstance(result.exception, ConformanceError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result

    return run


def rows(result):
    return [line.split() for line in result.stdout.splitlines()]


def test_without_a_word_deployments_of_the_contexts_namespace_are_shown(top):
    """The busiest first, idle ones as idle."""
    assert rows(top()) == [
        ["NAME", "SUCCESS", "CALLS/S", "P50", "P90", "P99"],
        ["shop", "90.00%", "10.0", "5.00ms", "20.0ms", "300ms"],
        ["till", "idle", "0", "-", "-", "-"],
    ]


@pytest.mark.parametrize("words", [["deploy", "shop"], ["deploy/shop"], ["deployment", "shop", "-n", "here"]])
def test_one_object_can_be_named(top, words):
    """In either of kubectl's ways."""
    assert [row[0] for row in rows(top(*words))] == ["NAME", "shop"]


def test_edges_are_shown_with_their_peers(top):
    """Of one object."""
    assert rows(top("deploy", "shop", "--edges"))[1][:4] == ["shop", "from", "client-a", "server"]


def test_all_namespaces_are_shown_with_theirs(top):
    """A column more."""
    assert rows(top("-A"))[1][:2] == ["there", "shop"]


def test_selector_is_passed_on(top, stub):
    """Short or long."""
    top("-l", "app=shop", "--sort", "name")
    assert stub.asked[-1].query == (("labelSelector", "app=shop"),)


def test_json_is_for_programs(top):
    """Numbers in seconds, null for what is not known, one object a line."""
    (line,) = top("-o", "json").stdout.splitlines()
    said = json.loads(line)
    assert said["api"] == "metrics.smi-spec.io/v1alpha1"
    shop, till = said["rows"]
    assert shop["resource"] == {"kind": "Deployment", "namespace": "here", "name": "shop"}
    assert shop["edge"] == {"direction": "from", "side": "server", "peer": None}
    assert (shop["success_count"], shop["failure_count"], shop["success_rate"]) == (90, 10, 0.9)
    assert (shop["window"], shop["until"]) == (10, "2026-01-02T03:04:05+00:00")
    assert (shop["calls_per_second"], shop["p50"], shop["p90"], shop["p99"]) == (10, 0.005, 0.02, 0.3)
    assert (till["idle"], till["success_rate"], till["calls_per_second"]) == (True, None, 0)


def test_nothing_there_is_said_beside_the_answer(top):
    """A program that reads the columns gets none."""
    result = top("pods", "-n", "there")
    assert (result.stdout, result.stderr) == ("", "no pods in namespace there\n")


@pytest.mark.parametrize(
    ("args", "error", "words"),
    [
        (["frobs"], UsageError, "no metrics of 'frobs' are served"),
        (["deploy", "nobody"], UsageError, "nothing to show for deployment nobody in namespace here"),
        (["ns"], EnvironmentBrokenError, "this account may not read that: not for you"),
        (["a", "b", "c"], UsageError, "not clear what 'a b c' is"),
        (["pods/"], UsageError, "not clear what 'pods/' is"),
        (["pods", "a/b"], UsageError, "not clear what 'pods a/b' is"),
        (["-A", "-n", "here"], UsageError, "cannot both be"),
        (["--once", "--watch"], UsageError, "cannot both be"),
        (["deploy", "shop", "-l", "a=b"], UsageError, "needs neither"),
        (["deploy", "shop", "-A"], UsageError, "needs neither"),
        (["--context", "nobodys"], UsageError, "there is no context 'nobodys'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistake_is_told(top, args, error, words):
    """In one message."""
    with pytest.raises(error, match=words):
        top(*args)


def _spawn(kubeconfig, *args):
    code = "from conformance.command import main; main()"
    command = [sys.executable, "-c", code, "top", f"--kubeconfig={kubeconfig}", *args]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(("word", "code"), [("frobs", 4), ("ns", 3)])
def test_mistake_has_its_exit_code(kubeconfig, word, code):
    """And no traceback."""
    process = _spawn(kubeconfig, word)
    said, told = process.communicate(timeout=60)
    assert (process.returncode, said) == (code, "")
    assert "Traceback" not in told


def test_interrupted_command_ends_without_a_traceback(tmp_path):
    """With the exit code that a shell gives for Ctrl-C, while the API server keeps it waiting."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{silent.getsockname()[1]}"}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "users": [{"name": "u", "user": {}}],
            "current-context": "c",
        }
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(json.dumps(config))
        process = _spawn(kubeconfig, "--once")
        silent.settimeout(60)
        with silent.accept()[0]:
            process.send_signal(signal.SIGINT)
            said, told = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "")
    assert "Traceback" not in told


def test_watching_writes_one_table_after_the_other(kubeconfig, stub):
    """Until its reader has had enough; a failure in between is told and is no end."""
    process = _spawn(kubeconfig, "-o", "json", "--watch", "--interval=0.2")
    first = json.loads(process.stdout.readline())
    stub.documents["/namespaces/here/deployments"] = status_answer(503, "", "back soon")
    assert "answered 503: back soon" in process.stderr.readline()
    stub.documents["/namespaces/here/deployments"] = a_list(an_object("new"))
    second = json.loads(process.stdout.readline())
    while second["rows"][0]["resource"]["name"] != "new":
        second = json.loads(process.stdout.readline())
    process.terminate()
    process.communicate(timeout=60)
    assert second["read_at"] > first["read_at"]
    assert [one.path for one in stub.asked].count(f"{ROOT}/namespaces/here/deployments") >= 3
