"""Ads taken in from saved pages, crawls and feeds. Nothing is fetched: what is here already is read."""
