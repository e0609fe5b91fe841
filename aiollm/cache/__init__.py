"""The exact cache: whole answers by the digest of what was asked, in a store in memory, in a file or elsewhere."""
