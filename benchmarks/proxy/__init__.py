"""The proxy beside the least code that relays, and beside other gateways: what a request and a frame cost it."""
