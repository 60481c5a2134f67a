"""Reads sites that an operator may read, slowly and openly, and keeps their ad pages as WARC files that `ads import` reads."""
