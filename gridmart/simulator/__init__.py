"""A utility in a box: deterministic source systems with known faults."""
