"""The built-in cover page templates: data only."""
