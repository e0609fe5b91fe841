"""What a streamed chunk costs in each wire format, beside the vendor's own SDK."""
