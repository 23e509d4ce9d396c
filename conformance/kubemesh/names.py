"""Names that the parts of the mesh in Kubernetes agree on."""

NAMESPACE = "smi-reference-mesh"
"""Where the control plane runs."""
NAMESPACE_PATH = f"/api/v1/namespaces/{NAMESPACE}"
"""Under which path an API server has that namespace."""
CONTROL_PLANE = "control-plane"
"""Its Deployment, Service and ServiceAccount."""
HOST = f"{CONTROL_PLANE}.{NAMESPACE}.svc"
"""The control plane's host name, which its certificate carries."""
WEBHOOK_PORT = 8443
"""Of the control plane's pods; the Service has it as 443."""
DISCOVERY_PORT = 15010
"""Where sidecars get their certificates and their configuration."""
METRICS = "metrics"
"""Deployment, Service and ServiceAccount of the metrics server."""
METRICS_HOST = f"{METRICS}.{NAMESPACE}.svc"
"""By which host the API server asks it."""
SAMPLES_HOST = f"samples.{NAMESPACE}.svc"
"""By which host sidecars tell it what they have counted."""
METRICS_HOSTS = (METRICS_HOST, SAMPLES_HOST)
"""All hosts that its certificate carries."""
METRICS_PORT = 8443
"""Where the API server asks it; the Service has it as 443."""
SAMPLES_PORT = 15011
"""Where sidecars tell it what they have counted."""
AUDIENCE = "smi-reference-mesh"
"""For whom a pod's projected token is; it is worth nothing elsewhere."""

MESH_LABEL = ("smi-conformance/mesh", "enabled")
"""Label of namespaces whose pods get a sidecar."""
OWNER_LABEL = ("smi-conformance/part-of", "reference-mesh")
"""Label of everything that an installation made, and that its removal takes away."""
INJECT = "smi-conformance/inject"
"""Annotation of a pod: ``"false"`` leaves it alone."""

CONFIG_MAP = "smi-reference-mesh"
"""Holds the names of the faults in force."""
CONFIG_MAP_PATH = f"{NAMESPACE_PATH}/configmaps/{CONFIG_MAP}"
"""Under which path an API server has it."""
FAULTS_KEY = "faults"
"""Its key with the names, one a line."""
SERIAL_KEY = "serial"
"""Its key that says which change of the faults this is."""
WINDOW_KEY = "metrics-window"
"""Its key that says what span figures cover, in seconds."""
ACTED = "acted.smi-conformance"
"""First part of its annotations in which each replica says which change it has acted on: ``<this>/<pod>``."""
SECRET = "authority"  # noqa: S105 - its name
"""Holds key and certificate of the mesh's authority, shared by the replicas."""
WEBHOOK = "smi-reference-mesh"
"""The MutatingWebhookConfiguration."""

PROXY = "smi-proxy"
"""The sidecar's container."""
REDIRECT = "smi-redirect"
"""The init container that leads connections to the sidecar."""
PROXY_USER = 1337
"""The uid of the sidecar, whose own connections are not redirected."""
OUTBOUND_PORT, INBOUND_PORT = 15001, 15006
"""Where the sidecar takes redirected connections."""
READY_PORT = 15020
"""Where a sidecar says that it is ready; not redirected."""
SCRAPED_PATH = "/stats/prometheus"
"""Where, on the same port, it shows Prometheus what it has counted, if the mesh was installed for that."""
RUN_DIRECTORY = "/run/smi-mesh"
"""The sidecar's own directory, in memory: secrets, sockets."""
CREDENTIALS_DIRECTORY = f"{RUN_DIRECTORY}/credentials"
"""Where its certificate and key are; the same path in every pod."""
TOKEN_DIRECTORY = "/var/run/secrets/smi-mesh"  # noqa: S105 - a path
"""Where the projected token is."""
