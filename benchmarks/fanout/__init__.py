"""Many requests: `aiollm.map` beside a gather over the floor and what other libraries have for it."""
