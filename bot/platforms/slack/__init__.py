"""Slack: everything that knows its JSON, its markup and its limits. What it hands on is ``newsletter.heard``."""
