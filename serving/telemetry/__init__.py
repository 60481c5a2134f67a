"""What an operator sees of a running service: metrics, traces and log lines. None of them carries text, names, numbers of cases
or keys: every label and attribute comes from a closed set (`serving.telemetry.names`)."""
