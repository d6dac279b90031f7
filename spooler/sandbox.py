"""What a process of ours may no longer do once it runs a stranger's code: limits, files, sockets, signals.

What always holds: what is given up cannot be had back, by the process or by any that it starts; where this machine's
kernel has no Landlock or no seccomp filters, ``confine`` says so and the rest holds all the same.

Must not: be called in a process that is to go on with anything else.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
SECCOMP_MODE_FILTER = 2
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446  # on every architecture
LANDLOCK_CREATE_RULESET_VERSION = 1
LANDLOCK_RULE_PATH_BENEATH = 1
LANDLOCK_SCOPES = 3  # abstract sockets and signals: nobody outside is reached (ABI 6)
# EXECUTE, WRITE_FILE, READ_FILE; TRUNCATE, IOCTL_DEV: those that mean something for what is no folder.
FILE_RIGHTS = 1 | 2 | 4 | 1 << 14 | 1 << 15
RIGHTS_OF_ABI = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # how many bits
AF_UNIX = 1
# Of linux/audit.h and each architecture's table: socket; ptrace, process_vm_readv, process_vm_writev, io_uring_setup,
# setpgid, setsid.
CALLS = {
    "x86_64": (0xC000003E, 41, (101, 310, 311, 425, 109, 112)),
    "aarch64": (0xC00000B7, 198, (117, 270, 271, 425, 154, 157)),
}
X32_BIT = 0x40000000


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the process may use."""

    memory_octets: int = 512 << 20
    file_octets: int = 64 << 20
    files: int = 256


def limit(limits: Limits) -> None:
    """Bound memory, files and their size; no core files."""
    for what, most in (
        (resource.RLIMIT_AS, limits.memory_octets),
        (resource.RLIMIT_FSIZE, limits.file_octets),
        (resource.RLIMIT_NOFILE, limits.files),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def confine(denied: Sequence[Path], allowed: Sequence[Path]) -> list[str]:
    """Give up new privileges, everything below ``denied`` but what is below ``allowed``, sockets of the Unix kind,
    signals and debugging of processes outside, and process groups of its own. Returns what could not be given up, as
    sentences.

    ``denied`` must exist. What is made beside them or beside their parents later cannot be reached either.
    """
    libc().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    wanting = []
    for act, what in ((partial(_landlock, denied, allowed), "Landlock"), (_seccomp, "seccomp")):
        try:
            act()
        except OSError as error:
            wanting.append(f"{what} is not to be had: {error.strerror or error}")
    return wanting


def libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _syscall(*arguments: object) -> int:
    done = int(libc().syscall(*arguments))
    if done < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return done


def _landlock(denied: Sequence[Path], allowed: Sequence[Path]) -> None:
    abi = _syscall(LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_CREATE_RULESET_VERSION)
    rights = (1 << RIGHTS_OF_ABI.get(abi, 16)) - 1
    attributes = struct.pack("=Q", rights)
    if abi >= 6:
        attributes = struct.pack("=QQQ", rights, 0, LANDLOCK_SCOPES)
    ruleset = _syscall(LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    try:
        for path in (*_beside([each.resolve() for each in denied]), *allowed):
            _grant(ruleset, path, rights)
        _syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _beside(denied: Sequence[Path]) -> Iterable[Path]:
    """The highest paths that hold nothing that is denied."""
    folders = [Path("/")]
    while folders:
        try:
            inside = list(folders.pop().iterdir())
        except OSError:
            continue
        for path in inside:
            # What a link leads to is granted, or not, where it really is.
            if path in denied or path.is_symlink():
                continue
            if any(each.is_relative_to(path) for each in denied):
                folders.append(path)
            else:
                yield path


def _grant(ruleset: int, path: Path, rights: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        given = rights if path.is_dir() else rights & FILE_RIGHTS
        rule = struct.pack("=Qi", given, fd)
        _syscall(LANDLOCK_ADD_RULE, ruleset, LANDLOCK_RULE_PATH_BENEATH, rule, 0)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EBADFD, errno.EBADF):
            raise
    finally:
        os.close(fd)


def _seccomp() -> None:
    """Refuse ``socket(AF_UNIX)``, by which the daemon itself is spoken to, calls that reach into processes, and those
    by which a process leaves the group that is ended as one."""
    known = CALLS.get(platform.machine())
    if known is None:
        raise OSError(errno.ENOSYS, f"not known for {platform.machine()}")
    arch, socket_call, refused = known
    load, jump_equal, jump_least, give = 0x20, 0x15, 0x35, 0x06  # BPF_LD|W|ABS, JMP|JEQ|K, JMP|JGE|K, RET|K
    refuse, allow = 0x00050000 | errno.EPERM, 0x7FFF0000  # SECCOMP_RET_ERRNO, SECCOMP_RET_ALLOW
    # struct seccomp_data: nr, arch, instruction pointer, six arguments of 64 bits, the low word first.
    program: list[tuple[int, int, int, int]] = [
        (load, 0, 0, 4),
        (jump_equal, 1, 0, arch),
        (give, 0, 0, refuse),
        (load, 0, 0, 0),
        (jump_least, 0, 1, X32_BIT),
        (give, 0, 0, refuse),
    ]
    for number in refused:
        program += [(jump_equal, 0, 1, number), (give, 0, 0, refuse)]
    program += [
        (jump_equal, 0, 3, socket_call),
        (load, 0, 0, 16),
        (jump_equal, 0, 1, AF_UNIX),
        (give, 0, 0, refuse),
        (give, 0, 0, allow),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in program))
    head = struct.pack("@HxxxxxxQ", len(program), ctypes.addressof(code))
    if libc().prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.c_char_p(head), 0, 0) != 0:
        code_of = ctypes.get_errno()
        raise OSError(code_of, os.strerror(code_of))
