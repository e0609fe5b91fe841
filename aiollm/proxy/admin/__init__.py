"""What operators do and see by HTTP: keys, teams and users, spend, models, and the page."""
