"""The API of Platen: its types, its errors, and the client of the daemon.

May import: the standard library and msgspec; nothing else of ours.
"""
