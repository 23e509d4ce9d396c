"""Shows the traffic metrics of a mesh, any that serves ``metrics.smi-spec.io``, to people and to programs.

It is lenient where the judge is strict: whatever can be made out is shown, and what cannot is a question mark.
"""
