"""Real traffic, recorded to a file and answered again from it: every byte, its cuts and its times."""
