"""What a private CUPS has on disk: its folders, CUPS' own programs linked, ours installed, and its two settings files.

What always holds: nothing outside the folder is written; what is there already stays, so that jobs and queues outlive
a stop. As root, the owners and modes are those without which CUPS' filters, which run as ``lp``, die.

Must not: start or stop anything (``backend.private`` does).
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from backend.install import Installed, install_backend, install_filters

SERVERBIN = Path("/usr/lib/cups")
_LINKED = ("filter", "daemon", "driver", "notifier", "monitor", "cgi-bin")
_FOLDERS = ("etc/ppd", "etc/ssl", "bin/backend", "spool", "tmp", "cache", "run/certs", "log", "www")


def lay_out(folder: Path, interpreter: Path | str) -> tuple[str, ...]:
    """Make ``folder`` what a cupsd needs; what a person should know of it. Raises InstallError."""
    for name in _FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        # cupsd mends the owners of the other folders, but not of TempDir; filters die without it
        shutil.chown(folder / "tmp", "root", "lp")
        (folder / "tmp").chmod(0o1770)
    for kind in _LINKED:
        (folder / "bin" / kind).mkdir(exist_ok=True)
        for program in (SERVERBIN / kind).glob("*"):
            link = folder / "bin" / kind / program.name
            if not link.is_symlink() and not link.exists():
                link.symlink_to(program)
    for name in ("ipp", "http"):
        link = folder / "bin" / "backend" / name
        if not link.is_symlink():
            link.symlink_to(SERVERBIN / "backend" / name)
    installed: list[Installed] = [
        install_backend(folder / "bin" / "backend", interpreter),
        *install_filters(folder / "bin" / "filter", interpreter),
    ]
    return tuple(item.note for item in installed if item.note)


def write_settings(
    folder: Path, *, port: int, socket: Path, variables: Mapping[str, str], more: Sequence[str] = ()
) -> None:
    """Write cups-files.conf and cupsd.conf. ``variables``: for filters and backends; ``more``: lines of cupsd.conf."""
    root = os.geteuid() == 0
    user = "lp" if root else pwd.getpwuid(os.geteuid()).pw_name
    group = "lp" if root else grp.getgrgid(os.getegid()).gr_name
    files = [
        f"ServerRoot {folder}/etc",
        f"ServerBin {folder}/bin",
        "DataDir /usr/share/cups",
        f"DocumentRoot {folder}/www",
        f"CacheDir {folder}/cache",
        f"StateDir {folder}/run",
        f"RequestRoot {folder}/spool",
        f"TempDir {folder}/tmp",
        f"ServerKeychain {folder}/etc/ssl",
        f"AccessLog {folder}/log/access_log",
        f"ErrorLog {folder}/log/error_log",
        f"PageLog {folder}/log/page_log",
        f"User {user}",
        f"Group {group}",
        f"SystemGroup {'root' if root else group}",
        "LogFilePerm 0644",
        "Sandboxing relaxed",
        "FatalErrors config listen",
        *(f"SetEnv {name} {value}" for name, value in variables.items()),
    ]
    (folder / "etc" / "cups-files.conf").write_text("\n".join(files) + "\n")
    (folder / "etc" / "cupsd.conf").write_text(_SETTINGS.format(port=port, socket=socket, more="\n".join(more)))


_SETTINGS = """\
LogLevel debug
MaxLogSize 0
Listen 127.0.0.1:{port}
Listen {socket}
Browsing No
DefaultAuthType None
WebInterface Yes
IdleExitTimeout 0
DefaultShared No
ErrorPolicy retry-job
JobRetryInterval 5
JobRetryLimit 3
{more}
<Location />
  Order allow,deny
  Allow from 127.0.0.1
</Location>
<Policy default>
  JobPrivateAccess all
  JobPrivateValues none
  SubscriptionPrivateAccess all
  SubscriptionPrivateValues none
  <Limit All>
    AuthType None
    Order allow,deny
    Allow from 127.0.0.1
  </Limit>
</Policy>
"""
