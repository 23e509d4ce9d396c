"""Small in-memory stand-ins for the seams of the suite."""
