"""Members of the rowing club."""
