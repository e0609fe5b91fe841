"""Plain data: what goes in and what comes out. No I/O, no clock."""
