"""One profile per engine: flags and preflight checks, nothing else."""
