"""What models cost and how much they take: a table that comes with the package, and the arithmetic. No network."""
