"""The graph, the command line, the options file and the run report."""
