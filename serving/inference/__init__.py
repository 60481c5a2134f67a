"""Processes that compute: who waits, who is next, and what happens when one of them is killed."""
