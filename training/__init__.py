"""Makes model folders: data sets, training, calibration, evaluation and comparison."""
