"""People and processes: chats, commands, timing and wiring. Knows `newsletter`; nothing there knows `bot`."""
