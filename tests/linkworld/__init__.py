"""An invented world of operators and strangers whose ads are known to belong together or not: what linking is measured on.

`development.toml` is what rules are tuned on; `heldout.toml` has other templates, and its world another seed and another
mixture of deceptions. No person, number or advertisement in it is real.
"""
