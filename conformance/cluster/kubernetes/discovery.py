"""Which SMI kinds an API server serves, and in which versions, by discovery. Kept in memory only."""

import threading
from collections.abc import Mapping
from typing import Any

from conformance.cluster.kubernetes.kinds import Resource
from conformance.cluster.kubernetes.refusals import ApiError
from conformance.cluster.kubernetes.rest import Rest
from conformance.spec import KINDS, ApiGroup


class Discovery:
    """Asks once, and again when told that something has changed."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._lock = threading.Lock()
        self._known: Mapping[str, tuple[str, ...]] | None = None

    def served(self) -> Mapping[str, tuple[str, ...]]:
        """Ask the server now, and remember: for each SMI kind its versions, oldest first.

        Raises:
            EnvironmentBrokenError: It cannot be asked.
        """
        found: dict[str, list[str]] = {}
        for group in dict.fromkeys(kind.group for kind in KINDS):
            for version in self._versions(group):
                for kind in self._kinds(group, version):
                    found.setdefault(kind, []).append(version)
        with self._lock:
            self._known = {kind: tuple(sorted(versions)) for kind, versions in found.items()}
            return self._known

    def newest(self, resource: Resource) -> str | None:
        """Give the apiVersion to ask for where any will do; None where the kind is not served.

        Raises:
            EnvironmentBrokenError: The server cannot be asked.
        """
        if not resource.is_smi:
            return resource.api_version
        known = self._known if self._known is not None else self.served()
        versions = known.get(resource.kind)
        return f"{resource.group}/{versions[-1]}" if versions else None

    def forget(self) -> None:
        """Take note that an answer did not fit what is known: ask again when next needed."""
        self._known = None

    def _versions(self, group: ApiGroup) -> list[str]:
        said = self._ask(f"/apis/{group.value}")
        return [str(one["version"]) for one in said.get("versions", ())]

    def _kinds(self, group: ApiGroup, version: str) -> set[str]:
        own = {kind.name: kind.plural for kind in KINDS if kind.group is group}
        said = self._ask(f"/apis/{group.value}/{version}")
        return {one["kind"] for one in said.get("resources", ()) if own.get(one["kind"]) == one["name"]}

    def _ask(self, path: str) -> Mapping[str, Any]:
        try:
            return self._rest.get(path)
        except ApiError as error:
            if error.answer.is_gone:
                return {}
            raise
