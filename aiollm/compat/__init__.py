"""Other libraries' calls on top of aiollm: change the import, keep the code."""
