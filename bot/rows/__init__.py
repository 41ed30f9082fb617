"""The rows people may ask for in chat: reading, ordering, curating, and owning one's words. ``commands.py`` puts them
together."""
