"""What those who are served are sent: answers as events, and errors in words. No I/O."""
