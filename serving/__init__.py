"""Serves a model folder: HTTP API, pages for people, and files tagged from the command line."""
