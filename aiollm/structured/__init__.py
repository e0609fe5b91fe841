"""Answers that are data: JSON that is still growing, the arguments of tools, classes to answer in. No I/O."""
