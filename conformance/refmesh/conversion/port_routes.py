"""TCPRoutes in other versions. UDPRoutes have one version only.

Before v1alpha4 a TCPRoute has no fields and stands for all TCP; there is nothing it could be told less with. So the
TrafficTargets that may name it are told so that they do not: see `targets`.
"""

from conformance.refmesh.conversion.layout import Spec
from conformance.refmesh.conversion.steps import Edit, Step
from conformance.spec import ApiVersion

_V4 = ApiVersion.V1ALPHA4


def render_port_route(spec: Spec, step: Step) -> Spec:
    """Tell *spec* as *step* asks; "an empty list stands for every port" is what earlier versions mean."""
    del spec
    return {"matches": {"ports": []}} if step.to is _V4 else {}


def merge_port_route(edit: Edit) -> Spec:
    """Keep the ports that were written: no earlier version has a field that an edit could be about."""
    return edit.original
