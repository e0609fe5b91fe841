"""How far a job is: in a terminal, in a notebook, in logs, or to a function."""
