"""What must be right on a machine for its CUPS to run us: modes, owners, who can read what, and what AppArmor allows.

Each check gives sentences that a person can act on, and changes nothing. The reference for modes is what cupsd itself
refuses: a program or its folder that is not root's, or that others could write.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

PROFILE = "/usr/sbin/cupsd"
RULES = ("/usr/lib/cups/backend/platen Ux,", "/usr/lib/cups/filter/platen-* Ux,")
"""For a profile of cupsd that knows no third_party part."""


def program_faults(path: Path) -> Iterator[str]:
    """Why cupsd would refuse to run the program at ``path`` (``cups-insecure-filter-warning``)."""
    for item in (path, path.parent):
        try:
            about = item.stat()
        except OSError as error:
            yield f"{item}: {error.strerror}"
            return
        what = "the folder" if stat.S_ISDIR(about.st_mode) else "the program"
        if os.geteuid() == 0 and about.st_uid != 0:
            yield f"{item}: {what} must belong to root, or CUPS does not run it: chown root {item}"
        if about.st_mode & 0o022:
            yield f"{item}: others than its owner can write {what}, so CUPS does not run it: chmod go-w {item}"
        if stat.S_ISREG(about.st_mode) and about.st_mode & stat.S_ISUID:
            yield f"{item}: CUPS does not run what is set-user-ID: chmod u-s {item}"


def unreadable(paths: Iterable[Path], user: str = "lp") -> Iterator[str]:
    """Which of the files the backend's user cannot read. Only root can tell."""
    for path in paths:
        if not path.is_file():
            yield f"{path}: there is no such file"
        elif os.geteuid() == 0 and not _may(user, "-r", path):
            yield (
                f"{path}: the backend, which runs as {user}, cannot read it:"
                f" chgrp {user} {path} && chmod g+r {path}, and let {user} enter the folders above"
            )


def incoming_faults(spool: Path, user: str = "lp") -> Iterator[str]:
    """Why a fax could not be kept while the daemon is away. The daemon makes the folder at its first start."""
    folder = spool / "incoming"
    if not folder.is_dir():
        yield f"{folder}: it is made when platend starts; until then the queue stops when the daemon is away"
    elif os.geteuid() == 0 and not (_may(user, "-w", folder) and _may(user, "-x", folder)):
        yield (
            f"{folder}: {user} cannot write it, so no fax can be kept while the daemon is away; platend sets it up at"
            " its start when it runs as root, or as a member of that group"
        )


def apparmor(root: Path = Path("/")) -> tuple[str, ...]:
    """What AppArmor needs; ``root``: where /sys and /etc are looked for."""
    try:
        if (root / "sys/module/apparmor/parameters/enabled").read_text().strip() != "Y":
            return ("AppArmor is not in force here: nothing is needed",)
    except OSError:
        return ("AppArmor is not in force here: nothing is needed",)
    try:
        loaded = (root / "sys/kernel/security/apparmor/profiles").read_text()
    except OSError:
        loaded = PROFILE  # not told: as if it were there
    if PROFILE not in loaded:
        return ("AppArmor has no profile for cupsd loaded: nothing is needed",)
    profile = root / "etc/apparmor.d/usr.sbin.cupsd"
    try:
        text = profile.read_text()
    except OSError:
        text = ""
    if "/usr/lib/cups/backend/*" in text and "/usr/lib/cups/filter/**" in text and "profile third_party" in text:
        return ("AppArmor: nothing is needed: cupsd's profile runs backend and filters in its part third_party",)
    return (
        "AppArmor: cupsd's profile does not let it run programs that it does not know. Put these lines into"
        " /etc/apparmor.d/local/usr.sbin.cupsd, then run apparmor_parser -r /etc/apparmor.d/usr.sbin.cupsd:",
        *RULES,
    )


def _may(user: str, test: str, path: Path) -> bool:
    command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--", "test", test, str(path)]
    return subprocess.run(command, capture_output=True, check=False, cwd="/").returncode == 0
