"""One folder for each chat platform, with the same module names in each."""
