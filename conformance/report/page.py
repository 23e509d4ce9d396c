"""report.html: a report as one page that needs nothing else."""

from conformance.report.document import Report


def render_page(report: Report) -> str:
    """Render *report* as one HTML document without outside references."""
    return f"<!doctype html><title>{report.run.run_id}</title>"
