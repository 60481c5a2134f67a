"""Files of texts tagged from the command line."""
