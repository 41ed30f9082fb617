"""People and processes: chats, commands, timing and wiring. Knows `newsletter`; nothing there knows `bot`."""

__version__ = "0.1.0"
