"""Serves a model folder: HTTP API, pages for people, and files tagged from the command line."""

VERSION = "0.1.0"
"""Of Tegn; `pyproject.toml`, which is not installed with the service, says the same."""
