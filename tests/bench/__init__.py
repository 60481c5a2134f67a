"""`make bench`: Tegn measured side by side with what else does its parts. Ratios are what counts: machines are noisy."""
