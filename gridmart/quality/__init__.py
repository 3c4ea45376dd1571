"""Gates on data: run suites, keep every result, decide what may go on."""
