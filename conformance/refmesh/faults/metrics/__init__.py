"""Ways in which a metrics API can be wrong."""
