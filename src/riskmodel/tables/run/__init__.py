"""Tables of a run's folder, declared in one module a stage."""
