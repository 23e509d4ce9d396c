"""Speaks to an API server as one of the run's own service accounts."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from kubernetes.client import ApiClient, Configuration

from conformance.cluster.kubernetes.refusals import ApiError
from conformance.cluster.kubernetes.rest import Rest
from conformance.errors import EnvironmentBrokenError
from conformance.model.topology import Identity

_VALIDITY = timedelta(hours=1)
"""How long a token is asked for. A server may give another span; what it says counts."""
_MARGIN = timedelta(minutes=2)
"""A token is renewed so long before it runs out: requests take time, and clocks differ. A guess."""


@dataclass(frozen=True, slots=True)
class _Login:
    rest: Rest
    ends: datetime


class Credentials:
    """Tokens of service accounts, each kept until it runs out. Safe to use from several threads."""

    def __init__(self, rest: Rest, is_ours: Callable[[str], bool]) -> None:
        """Take tokens from the server behind *rest*.

        Args:
            rest: A connection of somebody who may ask for tokens.
            is_ours: Says whether a namespace (its name) belongs to this run. Nobody else's accounts are impersonated.
        """
        self._rest = rest
        self._is_ours = is_ours
        self._lock = threading.Lock()
        self._logins: dict[Identity, _Login] = {}

    def rest_as(self, account: Identity) -> Rest:
        """Give a connection as *account*.

        Raises:
            EnvironmentBrokenError: The account is not this run's or is not there, or the suite may not ask for
                tokens.
        """
        with self._lock:
            known = self._logins.get(account)
            if known is None or known.ends - _MARGIN < self._rest.now():
                self._forget(account)
                known = self._logins[account] = self._log_in(account)
            return known.rest

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for account in tuple(self._logins):
                self._forget(account)

    def _forget(self, account: Identity) -> None:
        old = self._logins.pop(account, None)
        if old is not None:
            old.rest.close()

    def _log_in(self, account: Identity) -> _Login:
        if not self._is_ours(account.namespace):
            raise EnvironmentBrokenError(
                "a request was to be sent as an account that is not this run's",
                f"ServiceAccount {account}, {self._rest.host}",
                "send it as an account of the run's own world",
            )
        status = self._token(account)["status"]
        api = ApiClient(as_bearer(self._rest.api.configuration, str(status["token"])))
        return _Login(Rest(api), datetime.fromisoformat(status["expirationTimestamp"]))

    def _token(self, account: Identity) -> dict[str, dict[str, str]]:
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": int(_VALIDITY.total_seconds())},
        }
        path = f"/api/v1/namespaces/{account.namespace}/serviceaccounts/{account.account}/token"
        try:
            return self._rest.post(path, request)
        except ApiError as error:
            if not error.answer.is_gone:
                raise
            raise EnvironmentBrokenError(
                "there is no such account to send a request as",
                f"ServiceAccount {account}, {self._rest.host}",
                "apply the ServiceAccount before requests are sent as it",
            ) from error


def as_bearer(configuration: Configuration, token: str) -> Configuration:
    """Copy what leads to a server, and nothing of who asks: a client certificate would count more than the token."""
    own = Configuration()
    own.host = configuration.host
    own.ssl_ca_cert = configuration.ssl_ca_cert
    own.verify_ssl = configuration.verify_ssl
    own.tls_server_name = configuration.tls_server_name
    own.proxy = configuration.proxy
    own.proxy_headers = configuration.proxy_headers
    own.no_proxy = configuration.no_proxy
    own.api_key = {"authorization": f"Bearer {token}"}
    return own
