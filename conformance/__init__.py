"""Say whether a service mesh does what the Service Mesh Interface promises."""

__version__ = "0.1.0"
