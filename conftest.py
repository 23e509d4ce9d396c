"""Name the plugin that turns ``scenarios/`` into tests."""

pytest_plugins = ("conformance.plugin",)
