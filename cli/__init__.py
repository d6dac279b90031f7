"""Door: the command ``platen``.

May import: ``fax``; ``codec`` and ``modem`` only inside the functions of the commands that work without a daemon.
"""
