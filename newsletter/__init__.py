"""Newsletters: links heard, kept, chosen and published. Knows no chat library and is usable alone."""
