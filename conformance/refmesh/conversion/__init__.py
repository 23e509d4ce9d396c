"""Tells one SMI object in any version of its kind: what a Kubernetes conversion webhook answers with. Pure.

Kubernetes stores one version of each kind, and shows it in all. Versions differ in what they can say, so an object
keeps two things: a *rendering* in the version it is shown in, which never grants more than the object did as it
was written, and a *memory* of how it was written, in an annotation.

```text
written in v1alpha2 --convert--> rendering in v1alpha4 + memory --convert--> rendering in v1alpha3 + memory
        ^                              |                                            |
        +-----------written------------+-----------------written-------------------+
```

Every rendering is made from what was written, never from another rendering, so nothing is lost on the way.
"""

from conformance.refmesh.conversion.definitions import WebhookService, crd_with_webhook
from conformance.refmesh.conversion.memory import WRITTEN_AS
from conformance.refmesh.conversion.versions import convert, written

__all__ = ["WRITTEN_AS", "WebhookService", "convert", "crd_with_webhook", "written"]
