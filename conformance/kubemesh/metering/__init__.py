"""Traffic Metrics inside Kubernetes: an aggregated API server, fed by the sidecars' agents.

How it hangs together::

    Envoy <- looks - reporter (in each pod) ── samples, mutual TLS ──> gathering ─> history ─┐
    API server ── list + watch ──> catalogue ──────────────────────> inventory ──────────────┴─> MetricsApi
    API server ── front proxy ──> front ──> who asks ──> reviews (SubjectAccessReview) ──> answer

Nothing is kept but the last window. A server that starts knows nothing, and is not ready before every sidecar has
told it something.
"""
