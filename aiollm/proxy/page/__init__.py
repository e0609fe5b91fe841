"""The page at `/ui`: rendered here, without a build step and without anything of other sites."""
