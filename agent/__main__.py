"""``python3 -m agent``, or this file by its path: begins to ask in this session.

By its path the folder around it is put at the end of the search path: what the system's Python has of a name comes
first, whatever lies beside our packages.
"""

from __future__ import annotations

import sys
from pathlib import Path

if not __package__:
    sys.path[0:1] = []
    sys.path.append(str(Path(__file__).resolve().parents[1]))

from agent.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
