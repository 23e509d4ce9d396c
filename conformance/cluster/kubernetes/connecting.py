"""Opens a connection to the API server that a kubeconfig names, and says in words why there is none."""

import base64
import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from cryptography import x509
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException
from kubernetes.config.kube_config import list_kube_config_contexts, load_kube_config

from conformance.cluster.kubernetes.permissions import Permission, is_allowed
from conformance.cluster.kubernetes.refusals import ApiError
from conformance.cluster.kubernetes.rest import Rest
from conformance.errors import EnvironmentBrokenError, UsageError

_DEFAULT = "~/.kube/config"
_PATIENCE = timedelta(seconds=3)
"""How long the first answer is waited for. A guess: somebody is looking on."""


def connect(kubeconfig: Path | None, context: str | None) -> ApiClient:
    """Open a connection and see that the API server knows who asks.

    Args:
        kubeconfig: A file; None means what ``KUBECONFIG`` names, or ``~/.kube/config``.
        context: One of its contexts; None means its current one.

    Raises:
        UsageError: There is no such file or context, or the file is no kubeconfig.
        EnvironmentBrokenError: The server does not answer, is not trusted, or does not take the credentials.
    """
    source = _source(kubeconfig)
    api = _load(source, context)
    try:
        _check(api, source)
    except BaseException:
        api.close()  # type: ignore[no-untyped-call]  # the library's own
        raise
    return api


@dataclass(frozen=True, slots=True)
class Place:
    """What a kubeconfig says of where somebody works."""

    context: str
    namespace: str


def place(kubeconfig: Path | None, context: str | None) -> Place:
    """Say which context is meant, and which namespace it names; ``default`` if it names none.

    Args:
        kubeconfig: As `connect` takes it.
        context: Likewise.

    Raises:
        UsageError: There is no such file or context, or the file is no kubeconfig.
    """
    source = _source(kubeconfig)
    _check_context(source, context)
    with _reading(source):
        every, current = list_kube_config_contexts(source)  # type: ignore[no-untyped-call]
        meant = current if context is None else next(one for one in every if one["name"] == context)
        return Place(str(meant["name"]), str((meant.get("context") or {}).get("namespace") or "default"))


def server_version(api: ApiClient) -> str:
    """Ask which Kubernetes this is, such as ``v1.34.4``.

    Raises:
        EnvironmentBrokenError: The API server does not answer.
    """
    return str(Rest(api).get("/version")["gitVersion"])


def _source(kubeconfig: Path | None) -> str:
    """Find what to read: one path, or several with the separator of ``KUBECONFIG``."""
    source = str(kubeconfig) if kubeconfig else os.environ.get("KUBECONFIG") or _DEFAULT
    paths = (
        [Path(one).expanduser() for one in source.split(os.pathsep) if one]
        if not kubeconfig
        else [kubeconfig]
    )
    if not any(one.exists() for one in paths):
        raise UsageError(
            f"there is no kubeconfig {source}",
            "option --smi-kubeconfig, the variable KUBECONFIG, or ~/.kube/config",
            "name the file that kubectl uses for this cluster",
        )
    return os.pathsep.join(map(str, paths))


def _load(source: str, context: str | None) -> ApiClient:
    _check_context(source, context)
    configuration = Configuration()
    with _reading(source):
        load_kube_config(source, context, configuration, persist_config=False)  # type: ignore[no-untyped-call]
    return ApiClient(configuration)


def _check_context(source: str, context: str | None) -> None:
    with _reading(source):
        every, _ = list_kube_config_contexts(source)  # type: ignore[no-untyped-call]
    names = sorted(str(one["name"]) for one in every)
    if context is not None and context not in names:
        raise UsageError(
            f"there is no context {context!r}",
            f"kubeconfig {source}",
            f"name one of {', '.join(names)}" if names else "the file has no contexts; is it the right one?",
        )


@contextlib.contextmanager
def _reading(source: str) -> Iterator[None]:
    where, hint = f"kubeconfig {source}", "see what kubectl config view says of it"
    try:
        yield
    except OSError as error:
        raise UsageError(f"it cannot be read: {error.strerror or error}", where, hint) from error
    except (ConfigException, yaml.YAMLError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"it is no kubeconfig: {' '.join(str(error).split())}", where, hint) from error


def _check(api: ApiClient, source: str) -> None:
    """Ask something that only a known account is answered: the server's version is told to everybody."""
    rest = Rest(api, _PATIENCE)
    try:
        is_allowed(rest, Permission("", "namespaces", "create"))
    except ApiError as error:
        where = f"{rest.host}, kubeconfig {source}"
        if error.answer.status in {401, 403}:
            raise EnvironmentBrokenError(
                f"the API server does not take the credentials{_expiry(api)}: {error.answer.message}",
                where,
                "log in again, or renew the kubeconfig",
            ) from error
        raise EnvironmentBrokenError(error.what, where, error.hint) from error


def _expiry(api: ApiClient) -> str:
    """Say since when they have run out, where they tell."""
    for ends in (_end_of_certificate(api), _end_of_token(api)):
        if ends is not None and ends < datetime.now(UTC):
            return f", which ran out at {ends:%Y-%m-%d %H:%M} UTC"
    return ""


def _end_of_certificate(api: ApiClient) -> datetime | None:
    path = api.configuration.cert_file
    if not path:
        return None
    with contextlib.suppress(OSError, ValueError):
        return x509.load_pem_x509_certificate(Path(path).read_bytes()).not_valid_after_utc
    return None


def _end_of_token(api: ApiClient) -> datetime | None:
    token = Rest(api).headers().get("authorization", "").removeprefix("Bearer ")
    parts = token.split(".")
    with contextlib.suppress(ValueError, KeyError, TypeError, IndexError):
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return datetime.fromtimestamp(float(claims["exp"]), UTC)
    return None
