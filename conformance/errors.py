"""What can go wrong while testing, in the order of a run.

1. A person asks for something that is not there or cannot be: `UsageError`.
2. A scenario, a fixture or a profile cannot be read: `ScenarioError`.
3. This machine lacks what a cluster needs: `EnvironmentBrokenError`.
4. The cluster refuses a manifest: `ManifestRefusedError`.
5. A workload or its sidecar does not become ready: `NotReadyError`.
6. The probe cannot be reached or breaks its promise: `ProbeError`.
7. The report cannot be written: `ReportError`.
8. The suite itself stumbles, wherever it is: `InternalError`.

None of them is evidence about the mesh. A mesh that disagrees with the spec is a verdict, never an exception.
"""

from typing import ClassVar


class ConformanceError(Exception):
    """The suite could not do its work; this is not evidence about the mesh."""

    code: ClassVar[str] = "conformance-error"

    def __init__(self, what: str, where: str, hint: str) -> None:
        super().__init__(what, where, hint)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.code}: {self.what}\n  where: {self.where}\n  try: {self.hint}"


class UsageError(ConformanceError):
    """A person asked for something that does not exist or cannot be combined. Exit code 4."""

    code = "usage"


class ScenarioError(ConformanceError):
    """A scenario, a fixture or a profile of ours cannot be read. Exit code 4."""

    code = "scenario"


class EnvironmentBrokenError(ConformanceError):
    """This machine lacks what a cluster needs. Exit code 3."""

    code = "environment"


class PortInUseError(EnvironmentBrokenError):
    """A port that a pod needs is taken by a process that is not ours."""

    code = "port-in-use"


class EnvoyMissingError(EnvironmentBrokenError):
    """The Envoy binary is not there or does not run."""

    code = "envoy-missing"


ENVIRONMENT_CODES = frozenset(one.code for one in (EnvironmentBrokenError, PortInUseError, EnvoyMissingError))
"""Codes of what no scenario can get past: a run ends at the first."""


class ManifestRefusedError(ConformanceError):
    """The API server refused a manifest; *what* carries its own words."""

    code = "manifest-refused"


class ObjectRefusedError(ManifestRefusedError):
    """A schema or an admission webhook refused an object, and nothing else stood in its way.

    Whether that is evidence about a mesh depends on the object and on whose webhook it is.
    """

    code = "object-refused"

    def __init__(self, what: str, where: str, hint: str, subject: str = "", webhook: str = "") -> None:
        super().__init__(what, where, hint)
        self.subject = subject
        """The object: kind, namespace and name."""
        self.webhook = webhook
        """Name of the admission webhook; empty where the schema of the object's kind refused it."""


class NotReadyError(ConformanceError):
    """A workload or its sidecar did not become ready in time."""

    code = "not-ready"


class ProbeError(ConformanceError):
    """The probe could not be reached, or answered what its protocol does not know."""

    code = "probe"


class ReportError(ConformanceError):
    """The report could not be written."""

    code = "report"


class ReportCutShortError(ReportError):
    """A report ends before its end, so that nothing in it can be trusted."""

    code = "report-cut-short"


class InternalError(ConformanceError):
    """The suite itself stumbled: a mistake of ours, in no part of what was asked or tested."""

    code = "internal"
