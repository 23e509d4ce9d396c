"""Meshes as the suite sees them."""
