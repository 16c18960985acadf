"""Reports on the hours of volunteers."""
