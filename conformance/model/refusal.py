"""What an API server would not take: an SMI object, refused by a mesh's schema or by its webhook."""

from dataclasses import dataclass

from conformance.model.manifest import ObjectRef


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRefusal:
    """One SMI object that was applied and refused: raw fact, no opinion."""

    ref: ObjectRef
    api_version: str
    """In which it was written, such as ``access.smi-spec.io/v1alpha3``."""
    webhook: str
    """Name of the mesh's admission webhook that denied it; empty where the schema of its kind did."""
    words: str
    """The API server's own."""
    tolerated: str = ""
    """Why the text leaves it to implementations to refuse this object; empty where it has to be taken."""

    @property
    def told(self) -> str:
        """Say who refused it and why; of a webhook the API server's words tell already."""
        return self.words if self.webhook else f"the schema of its kind refused it: {self.words}"
