"""Several deployments of a model behind one name: which one takes the next attempt."""
