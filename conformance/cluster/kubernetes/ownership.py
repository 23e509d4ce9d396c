"""A run's own Namespace: it owns everything else the run creates, and a Lease in it tells that the run lives.

When it is deleted the cluster deletes the rest, also where nobody is left to see to it. A run that was killed
lets its Lease run out; the next run, or `sweep`, deletes its Namespace then. Times are the API server's, because
two runs on one cluster may be on two machines.
"""

import contextlib
import logging
import threading
import time
import uuid
from datetime import datetime, timedelta
from typing import Any

from kubernetes.client import ApiClient

from conformance.cluster.kubernetes.kinds import LEASE, NAMESPACE
from conformance.cluster.kubernetes.refusals import ApiError
from conformance.cluster.kubernetes.rendering import Owner
from conformance.cluster.kubernetes.rest import Rest
from conformance.cluster.kubernetes.settings import RUN_LABEL, RUN_PREFIX, KubernetesSettings
from conformance.errors import EnvironmentBrokenError, UsageError

logger = logging.getLogger(__name__)

_LEASE_NAME = "run"
_HOLDER = "smi-conformance/holder"
"""On the run's Namespace: which process has made it. Two runs may have been given the same id."""
_DURATION = timedelta(seconds=60)
_RENEWAL = timedelta(seconds=10)
_RETRY = timedelta(seconds=1)
_GOING = timedelta(seconds=180)
"""How long namespaces may take to go away at the end of a run. A guess; pods are given 5 s to end."""
_PAUSE = 0.3
"""Between two looks at namespaces that are going away. Unit: s."""
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
_BACKGROUND = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}


class Ownership:
    """The Namespace of one run, from construction until `release`."""

    def __init__(self, rest: Rest, settings: KubernetesSettings) -> None:
        """Create the Namespace and its Lease, and renew that from now on.

        Raises:
            UsageError: A run of this id is there.
            EnvironmentBrokenError: The API server cannot be asked, or the account lacks a right.
        """
        self._rest = rest
        self._settings = settings
        self._ended = threading.Event()
        self._lost = ""
        self.owner = self._create()
        try:
            self._lease = _made(self._rest, _leases(self.owner.name), self._new_lease())
        except BaseException:
            _delete_namespace(self._rest, self.owner.name)
            raise
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """See that the run still owns its Namespace.

        Raises:
            EnvironmentBrokenError: Somebody has deleted it.
        """
        if self._lost:
            raise EnvironmentBrokenError(
                f"the run's own Namespace is gone: {self._lost}",
                f"Namespace {self.owner.name}, cluster {self._settings.name}",
                "see who deletes Namespaces of this name; without it nothing of the run is kept",
            )

    def release(self) -> None:
        """Delete the Namespace and those that it owns, and wait until they are gone.

        Raises:
            EnvironmentBrokenError: They are not gone in time; the message says what holds them.
        """
        self._ended.set()
        self._thread.join()
        _delete_namespace(self._rest, self.owner.name)
        for one in self._own_namespaces():
            _delete_namespace(self._rest, one["metadata"]["name"])
        self._await_gone()

    def _create(self) -> Owner:
        holder = str(uuid.uuid4())
        stored = _made(self._rest, _NAMESPACES, self._new_namespace(holder))
        if stored["metadata"].get("annotations", {}).get(_HOLDER) != holder:
            raise UsageError(
                f"there is a run {self._settings.run_id!r} on this cluster, or what is left of one",
                f"Namespace {self._settings.run_namespace}, cluster {self._settings.name}",
                "choose another run id, or wait until it has ended",
            )
        return Owner(name=stored["metadata"]["name"], uid=stored["metadata"]["uid"])

    def _new_namespace(self, holder: str) -> dict[str, Any]:
        metadata = {
            "name": self._settings.run_namespace,
            "labels": {RUN_LABEL: self._settings.run_id},
            "annotations": {_HOLDER: holder},
        }
        return {"apiVersion": "v1", "kind": NAMESPACE.kind, "metadata": metadata}

    def _new_lease(self) -> dict[str, Any]:
        now = self._rest.now().strftime(_TIME)
        return {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.kind,
            "metadata": {"name": _LEASE_NAME, "labels": {RUN_LABEL: self._settings.run_id}},
            "spec": {
                "holderIdentity": self._settings.run_id,
                "leaseDurationSeconds": int(_DURATION.total_seconds()),
                "acquireTime": now,
                "renewTime": now,
            },
        }

    def _renew(self) -> None:
        """Renew until the end. A server that does not answer is asked more often: others may wait for it, too."""
        rest = Rest(self._rest.api, patience=timedelta(0))
        pause = _RENEWAL
        while not self._ended.wait(pause.total_seconds()):
            try:
                self._renew_once(rest)
            except ApiError as error:
                if error.answer.is_gone:
                    self._lost = error.answer.message
                    return
                if pause == _RENEWAL:
                    logger.warning("the run's Lease was not renewed: %s", error.what)
                pause = min(_RENEWAL, _RETRY)
            else:
                pause = _RENEWAL

    def _renew_once(self, rest: Rest) -> None:
        path = f"{_leases(self.owner.name)}/{_LEASE_NAME}"
        spec = {**self._lease["spec"], "renewTime": self._rest.now().strftime(_TIME)}
        try:
            self._lease = rest.put(path, {**self._lease, "spec": spec})
        except ApiError as error:
            if not error.answer.is_conflict:
                raise
            self._lease = rest.get(path)

    def _own_namespaces(self) -> list[dict[str, Any]]:
        listed = self._rest.get(_NAMESPACES, labelSelector=self._settings.selector)
        return list(listed["items"])

    def _await_gone(self) -> None:
        end = time.monotonic() + _GOING.total_seconds()
        while left := self._own_namespaces():
            if time.monotonic() > end:
                raise self._left_behind(left)
            time.sleep(_PAUSE)

    def _left_behind(self, left: list[dict[str, Any]]) -> EnvironmentBrokenError:
        names = ", ".join(sorted(one["metadata"]["name"] for one in left))
        reasons = dict.fromkeys(
            condition["message"]
            for one in left
            for condition in one.get("status", {}).get("conditions", ())
            if condition["status"] == "True" and condition.get("message")
        )
        return EnvironmentBrokenError(
            f"namespaces are not gone {_GOING.total_seconds():g} s after they were deleted: {names}"
            + "".join(f"\n  {reason}" for reason in reasons),
            f"cluster {self._settings.name}",
            "they go when what holds them lets go; see kubectl describe namespace",
        )


def sweep(api: ApiClient) -> tuple[str, ...]:
    """Delete the Namespaces of runs that no longer live, and with them all that they own.

    Returns:
        The names of those Namespaces. They may take a while to go.

    Raises:
        EnvironmentBrokenError: The API server cannot be asked, or the account lacks a right.
    """
    rest = Rest(api)
    listed = rest.get(_NAMESPACES, labelSelector=RUN_LABEL)["items"]
    dead = [one["metadata"] for one in listed if _is_leftover(rest, one)]
    for metadata in dead:
        _delete_namespace(rest, metadata["name"], metadata["uid"])
    return tuple(sorted(metadata["name"] for metadata in dead))


_NAMESPACES = NAMESPACE.path(NAMESPACE.api_version)


def _is_leftover(rest: Rest, namespace: dict[str, Any]) -> bool:
    metadata = namespace["metadata"]
    is_run = metadata["name"] == RUN_PREFIX + metadata["labels"][RUN_LABEL]
    if not is_run or metadata.get("deletionTimestamp"):
        return False
    last = _last_sign(rest, metadata)
    return last is not None and rest.now() - last > _DURATION


def _last_sign(rest: Rest, metadata: dict[str, Any]) -> datetime | None:
    """Say when a run was last known to live; one without a Lease has only just begun, or never came further."""
    try:
        lease = rest.get(f"{_leases(metadata['name'])}/{_LEASE_NAME}")
    except ApiError as error:
        if not error.answer.is_gone:
            raise
        return datetime.fromisoformat(metadata["creationTimestamp"])
    with contextlib.suppress(KeyError, ValueError, TypeError):
        return datetime.fromisoformat(lease["spec"]["renewTime"])
    return None


def _made(rest: Rest, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Create, or give what is there: a request whose answer was lost is repeated, and finds its own object then."""
    try:
        return rest.post(path, body)
    except ApiError as error:
        if not error.answer.is_conflict:
            raise
    return rest.get(f"{path}/{body['metadata']['name']}")


def _delete_namespace(rest: Rest, name: str, uid: str = "") -> None:
    options = {**_BACKGROUND, "preconditions": {"uid": uid}} if uid else _BACKGROUND
    try:
        rest.delete(f"{_NAMESPACES}/{name}", options)
    except ApiError as error:
        if not (error.answer.is_gone or error.answer.is_conflict):
            raise


def _leases(namespace: str) -> str:
    return LEASE.path(LEASE.api_version, namespace)
