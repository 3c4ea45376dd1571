"""Models: features, training, scoring and evaluation, one folder a task."""
