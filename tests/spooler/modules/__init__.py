"""Modules of others, as the tests register them."""
