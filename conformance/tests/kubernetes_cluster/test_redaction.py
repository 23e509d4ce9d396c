"""What is taken out of evidence before it is written."""

import base64

import pytest

from conformance.cluster.kubernetes.redaction import redacted, without_secrets

KEY = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIABCDEFGHIJKLMNOPQ\n-----END EC PRIVATE KEY-----\n"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJlLXBhcnQ"


@pytest.mark.parametrize("before", ["", "x", "xy"])
def test_private_keys_go_however_they_are_written(before):
    """As text, and in base64 at every alignment of what stands before the words."""
    assert "MHcCAQEE" not in redacted(before + KEY + "after")
    assert redacted(KEY + "after").endswith("after")
    encoded = base64.b64encode(f"-----BEGIN {before}PRIVATE KEY-----\nMHcCAQEEIABC".encode()).decode()
    assert encoded[:40] not in redacted(f"data: {encoded}")


def test_key_that_was_cut_off_goes_too():
    """A log's end may lie in the middle of one."""
    assert "MHcCAQEE" not in redacted(KEY[:50])


@pytest.mark.parametrize(
    "text",
    [
        f"token is {TOKEN}!",
        "Authorization: Bearer abcdef0123456789",
        'password: "hunter2hunter2"',
        "DB_PASSWORD=hunter2hunter2",
        '{"api_key": "0123456789abcdef"}',
    ],
)
def test_tokens_and_passwords_go(text):
    """With a note in their place."""
    found = redacted(text)
    assert "[removed]" in found
    for secret in (TOKEN, "abcdef0123456789", "hunter2", "0123456789abcdef"):
        assert secret not in found


@pytest.mark.parametrize(
    "text",
    [
        "automountServiceAccountToken: false",
        "serviceAccountToken: {path: token}",
        "tokenPath: /var/run/secrets/token",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "uid: 9ded5bd9-c8fd-41ad-9662-45df02bbfa46",
    ],
)
def test_what_is_no_secret_stays(text):
    """Evidence is of no use without it."""
    assert redacted(text) == text


def test_environment_with_telling_names_loses_its_values():
    """A mesh may hand its sidecars a token that looks like any word."""
    env = [{"name": "JOIN_TOKEN", "value": "abc"}, {"name": "PORT", "value": "1"}]
    found = without_secrets({"spec": {"containers": [{"name": "c", "env": env}]}})
    assert found["spec"]["containers"][0]["env"] == [
        {"name": "JOIN_TOKEN", "value": "[removed]"},
        {"name": "PORT", "value": "1"},
    ]
