"""Places on disk and in git an edition goes to; channels are with their platforms. Each keeps ``ports.Destination``."""
