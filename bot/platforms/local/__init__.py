"""A chat room in memory: the reference platform. `room.py` is the platform, the other files are its adapter."""
