"""A kind cluster is made for a run and gone after it, whatever happens in between."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from conformance.cluster.kind import KindHost, KindSettings, read_kind_settings, removal, sweep_kind_clusters
from conformance.cluster.kind.session import Session
from conformance.cluster.kind.sharing import Use, shared_locks
from conformance.errors import EnvironmentBrokenError, UsageError
from conformance.tests.kind_clusters.stand_ins import KUBECONFIG, a_host, is_running, wait_for

pytest.importorskip("pytest_kind", reason="the extra 'kind' is not installed")


@pytest.fixture
def kind(stand_ins):
    """A kind with no cluster, which makes one when told to, and a Docker that answers."""
    stand_ins.make("docker", "kind", "kubectl")
    stand_ins.answer("kind create", write=KUBECONFIG)
    stand_ins.answer("kind export", write=KUBECONFIG)
    return stand_ins


@pytest.fixture
def root(tmp_path) -> Path:
    """Where the records are, by default: below the user's state folder."""
    return tmp_path / "state" / "smi-conformance" / "kind"


def records(root: Path) -> list[Path]:
    return [path for path in root.iterdir() if path.is_dir() and path.name != "locks"]


def test_cluster_is_made_for_the_run_and_deleted_after_it(kind, told, root):
    """It is named after the run, has the node image that was named, and leaves no record."""
    with a_host(KindSettings(image="some/node:v1"), told.tell) as host:
        (create,) = kind.called("kind", "create")
        assert "--name=smi-4f2a" in create
        assert "--image=some/node:v1" in create
        assert host.kubeconfig.read_text() == KUBECONFIG
        assert kind.called("kind", "delete") == []
    (delete,) = kind.called("kind", "delete")
    assert "--name=smi-4f2a" in delete
    assert records(root) == []


def test_default_image_is_kind_s_own(kind, told):
    """Without a node image kind takes the one that it was released with."""
    with a_host(KindSettings(), told.tell):
        assert not [word for word in kind.called("kind", "create")[0] if word.startswith("--image")]


def test_no_folder_appears_where_the_person_is(kind, told, tmp_path, monkeypatch):
    """pytest-kind would leave .pytest-kind in every folder that a run is started from."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    with a_host(KindSettings(), told.tell):
        assert list(here.iterdir()) == []


def test_cluster_is_ready_before_it_is_handed_out(kind, told):
    """Its nodes are waited for, by the kubeconfig and context that were just made."""
    waited = []
    with KindHost(
        KindSettings(),
        "4f2a",
        told.tell,
        await_ready=lambda config, context: waited.append((config, context)),
    ) as host:
        assert waited == [(host.kubeconfig, "kind-smi-4f2a")]


def test_image_is_loaded_by_its_name(kind, told):
    """Into this cluster, and said."""
    with a_host(KindSettings(), told.tell) as host:
        host.load("smi-conformance/probe:1")
    assert kind.called("kind", "load") == [
        ["kind", "load", "docker-image", "--name", "smi-4f2a", "smi-conformance/probe:1"]
    ]
    assert any("smi-conformance/probe:1" in line for line in told.lines)


def test_image_that_cannot_be_loaded_is_told_in_kind_s_words(kind, told):
    """Only with the words of that call, not with those of earlier ones."""
    kind.answer("kind create", write=KUBECONFIG, err="Creating cluster ...\n")
    kind.answer("kind load", code=1, err='ERROR: image: "x:1" not present locally\n')
    with a_host(KindSettings(), told.tell) as host, pytest.raises(EnvironmentBrokenError) as raised:
        host.load("x:1")
    assert "not present locally" in raised.value.what
    assert "Creating cluster" not in raised.value.what


def test_cluster_that_does_not_come_up_is_told_and_removed(kind, told, root):
    """The message ends with kind's reason, without its stack, and what there was is deleted."""
    kind.answer(
        "kind create", code=1, err='ERROR: no such image "x"\n\nStack Trace: \nsigs.k8s.io/kind/x.go:1\n'
    )
    with pytest.raises(EnvironmentBrokenError, match='no such image "x"') as raised:
        a_host(KindSettings(), told.tell)
    assert "x.go" not in raised.value.what
    assert kind.called("kind", "delete") != []
    assert records(root) == []


def test_remains_are_deleted_until_nobody_makes_more(kind, told):
    """A docker that kind called to start a node finishes that after kind is gone: what it made is deleted too."""
    kind.answer("kind create", code=1, lingering=1)
    with pytest.raises(EnvironmentBrokenError):
        a_host(KindSettings(), told.tell)
    assert len(kind.called("kind", "delete")) > 1


def test_nodes_that_do_not_become_ready_are_removed_too(kind, told, root):
    """A cluster counts as made only when it takes pods."""

    def never(config: Path, context: str) -> None:
        raise EnvironmentBrokenError("the nodes do not become ready", context, "wait")

    with pytest.raises(EnvironmentBrokenError, match="do not become ready"):
        KindHost(KindSettings(), "4f2a", told.tell, await_ready=never)
    assert kind.called("kind", "delete") != []
    assert records(root) == []


def test_somebody_else_s_cluster_of_the_same_name_is_not_deleted(kind, told):
    """Two people made it at the same time: the one who lost deletes nothing."""
    kind.answer(
        "kind create", code=1, err='ERROR: node(s) already exist for a cluster with the name "shared"\n'
    )
    with pytest.raises(EnvironmentBrokenError, match="already exist"):
        a_host(KindSettings(name="shared"), told.tell)
    assert kind.called("kind", "delete") == []


def test_cluster_that_is_there_is_used_and_stays(kind, told):
    """What a run did not make it does not delete; how to reach it is asked anew."""
    kind.answer("kind get clusters", out="shared\n")
    with a_host(KindSettings(name="shared"), told.tell) as host:
        assert host.kubeconfig.read_text() == KUBECONFIG
    assert kind.called("kind", "create") == kind.called("kind", "delete") == []
    assert any("will stay" in line for line in told.lines)


def test_cluster_is_not_deleted_under_another_run(kind, told):
    """Whoever made a named cluster waits until all who found it are done with it, then deletes it."""
    maker = a_host(KindSettings(name="shared"), told.tell)
    kind.answer("kind get clusters", out="shared\n")
    finder = a_host(KindSettings(name="shared"), told.tell)
    closing = threading.Thread(target=maker.close)
    closing.start()
    wait_for(lambda: any(line.startswith("waiting for others") for line in told.lines))
    assert kind.called("kind", "delete") == []
    finder.close()
    closing.join()
    assert len(kind.called("kind", "delete")) == 1


def test_two_runs_that_begin_together_make_one_cluster(kind, told):
    """With a name and several workers, one of them makes it and the others find it."""
    hosts = []
    kind.answer("kind create", write=KUBECONFIG, then=["kind get clusters", {"out": "shared\n"}])
    begin = [
        threading.Thread(
            target=lambda: hosts.append(a_host(KindSettings(name="shared", keep=True), told.tell))
        )
        for _ in range(2)
    ]
    for thread in begin:
        thread.start()
    for thread in begin:
        thread.join()
    assert len(kind.called("kind", "create")) == 1
    for host in sorted(hosts, key=lambda host: not host._found):
        host.close()
    assert kind.called("kind", "delete") == []


def test_sweep_leaves_a_cluster_that_somebody_still_uses(kind, creating, root):
    """Its maker was killed, but another run has found it meanwhile."""
    run, _ = creating
    kind.answer("kind get clusters", out="smi-4f2a\n")
    run.kill()
    run.wait()
    using = Use(shared_locks(root), "smi-4f2a")
    assert sweep_kind_clusters() == []
    using.end()
    assert len(sweep_kind_clusters()) == 1
    assert records(root) == []


def test_name_that_kind_would_not_take_is_told_at_once(kind, told):
    """Before anything is made."""
    with pytest.raises(UsageError, match="My/Cluster") as raised:
        a_host(KindSettings(name="My/Cluster"), told.tell)
    assert raised.value.where == "--cluster-name"
    assert kind.called("kind", "create") == []


def test_kept_cluster_stays_and_can_be_reached(kind, told, root):
    """The person is told how; a sweep lets it be until it is gone, then forgets it."""
    with a_host(KindSettings(keep=True), told.tell) as host:
        kind.answer("kind get clusters", out="smi-4f2a\n")
    assert str(host.kubeconfig) in told.lines[-1]
    assert sweep_kind_clusters() == []
    assert host.kubeconfig.exists()
    assert kind.called("kind", "delete") == []
    kind.answer("kind get clusters", out="")
    assert sweep_kind_clusters() == []
    assert records(root) == []


def test_kubeconfig_goes_where_the_person_wants_it(kind, told, tmp_path):
    """``--kubeconfig`` keeps its meaning, and deleting takes the entries out of that file again."""
    mine = tmp_path / "mine"
    with a_host(KindSettings(kubeconfig=mine), told.tell) as host:
        assert host.kubeconfig == mine
        assert mine.read_text() == KUBECONFIG
    assert f"--kubeconfig={mine}" in kind.called("kind", "delete")[0]
    assert mine.exists()


def test_closing_twice_deletes_once(kind, told):
    """A run closes what it opened, and so may whoever opened the run."""
    host = a_host(KindSettings(), told.tell)
    host.close()
    host.close()
    assert len(kind.called("kind", "delete")) == 1


def test_cluster_that_cannot_be_deleted_is_left_to_the_next_sweep(kind, told):
    """With Docker gone in mid-run nothing can be deleted; it is said, and made up for."""
    host = a_host(KindSettings(), told.tell)
    kind.answer("kind delete", code=1, err="ERROR: Cannot connect to the Docker daemon\n")
    with pytest.raises(EnvironmentBrokenError, match="Cannot connect"):
        host.close()
    kind.answer("kind get clusters", out="smi-4f2a\n")
    assert "not removed" in sweep_kind_clusters()[0]
    kind.answer("kind delete")
    assert sweep_kind_clusters() == ["removed kind cluster smi-4f2a, left behind by a run that is gone"]
    assert sweep_kind_clusters() == []


_RUN = """
import sys
import threading
from conformance.cluster.kind import KindSettings
from conformance.tests.kind_clusters.stand_ins import a_host
a_host(KindSettings(), print)
"""


@pytest.fixture
def creating(kind, tmp_path):
    """A run in a process of its own, in the middle of a creation that takes for ever; and the pid of that kind."""
    begun = tmp_path / "begun"
    kind.answer("kind create", touch=[str(begun)], sleep=600)
    run = subprocess.Popen(
        (sys.executable, "-c", _RUN), cwd=Path(__file__).parents[3], stderr=subprocess.PIPE
    )
    wait_for(begun.exists)
    wait_for(begun.read_text)
    yield run, int(begun.read_text())
    run.kill()
    run.communicate()


def test_ctrl_c_in_mid_creation_leaves_nothing(kind, creating, root):
    """Kind is ended, what there is of the cluster is deleted, and no record stays."""
    run, kind_pid = creating
    run.send_signal(signal.SIGINT)
    _, complained = run.communicate(timeout=60)
    assert b"KeyboardInterrupt" in complained
    assert kind.called("kind", "delete") != []
    assert not is_running(kind_pid)
    assert records(root) == []


def test_run_killed_in_mid_creation_is_cleaned_up_after(kind, creating, root, monkeypatch):
    """Kind outlives the run that started it: the sweep ends it at once, and no docker of it, then deletes."""
    run, kind_pid = creating
    monkeypatch.setattr(removal, "_PATIENCE", 5)
    monkeypatch.setattr(Session, "end", lambda session: pytest.fail("nobody else was left to be ended"))
    assert sweep_kind_clusters() == []
    run.kill()
    run.wait()
    assert is_running(kind_pid)
    kind.answer("kind get clusters", out="smi-4f2a\nsmi-other\n")
    assert sweep_kind_clusters() == ["removed kind cluster smi-4f2a, left behind by a run that is gone"]
    wait_for(lambda: not is_running(kind_pid))
    assert {call[3] for call in kind.called("kind", "delete")} == {"--name=smi-4f2a"}
    assert records(root) == []


def test_next_run_removes_what_a_killed_one_left(kind, creating, told):
    """Nobody has to know of `clean`."""
    run, _ = creating
    run.kill()
    run.wait()
    kind.answer("kind get clusters", out="smi-4f2a\n")
    kind.answer("kind create", write=KUBECONFIG)
    with a_host(KindSettings(name="another"), told.tell):
        assert told.lines[0] == "removed kind cluster smi-4f2a, left behind by a run that is gone"


def test_cluster_without_a_record_is_left_alone(kind):
    """A name like ours does not make a cluster ours."""
    kind.answer("kind get clusters", out="smi-somebody\n")
    assert sweep_kind_clusters() == []
    assert kind.calls == []


def test_kind_that_is_missing_is_named_with_a_link(stand_ins, told):
    """Nothing is downloaded; the message says where to get it and how to name one."""
    stand_ins.make("docker")
    with pytest.raises(EnvironmentBrokenError, match="program kind is not there") as raised:
        a_host(KindSettings(), told.tell)
    assert "https://kind.sigs.k8s.io/" in raised.value.hint
    assert "--kind-bin" in raised.value.hint


def test_kubectl_that_is_missing_is_mentioned_with_a_link(stand_ins, told):
    """A run does without it, so that it goes on."""
    stand_ins.make("docker", "kind")
    stand_ins.answer("kind create", write=KUBECONFIG)
    with a_host(KindSettings(), told.tell):
        assert "https://kubernetes.io/" in told.lines[0]


def test_programs_that_are_named_are_taken(kind, told, tmp_path):
    """``--kind-bin`` goes before PATH, and a path that is no program is told at once."""
    kind.make("my-kind")
    kind.answer("my-kind create", write=KUBECONFIG)
    with a_host(KindSettings(kind_bin=tmp_path / "bin" / "my-kind"), told.tell):
        assert kind.called("my-kind", "create") != []
    with pytest.raises(UsageError, match="no-kind") as raised:
        a_host(KindSettings(kind_bin=tmp_path / "no-kind"), told.tell)
    assert raised.value.where == "--kind-bin"


def test_docker_that_does_not_answer_is_told_before_kind_is_asked(kind, told):
    """Kind's own words about it are long and say less."""
    kind.answer("docker version", code=1, err="Cannot connect to the Docker daemon\n")
    with pytest.raises(EnvironmentBrokenError, match="Cannot connect to the Docker daemon"):
        a_host(KindSettings(), told.tell)
    assert kind.called("kind") == []


def test_extra_that_is_not_installed_is_named(stand_ins, told, monkeypatch):
    """It is an extra because of its licence; the message has the line to type."""
    monkeypatch.setitem(sys.modules, "pytest_kind", None)
    with pytest.raises(UsageError, match="pytest-kind") as raised:
        a_host(KindSettings(), told.tell)
    assert "pip install 'smi-conformance[kind]'" in raised.value.hint


def test_options_of_pytest_kind_keep_their_meaning(tmp_path, monkeypatch):
    """They are read under pytest-kind's names; its default cluster name means that none was given."""
    monkeypatch.chdir(tmp_path)
    given = {"cluster_name": "mine", "keep_cluster": True, "kubeconfig": "config", "kind_image": "node:v1"}
    assert read_kind_settings(given.get) == KindSettings(
        name="mine", keep=True, kubeconfig=tmp_path / "config", image="node:v1"
    )
    assert read_kind_settings({"cluster_name": "pytest-kind"}.get) == KindSettings()


def test_options_are_pytest_kind_s_own(pytestconfig):
    """pytest-kind declares each of them, with the default that stands for not given."""
    assert read_kind_settings(pytestconfig.getoption) == KindSettings()
