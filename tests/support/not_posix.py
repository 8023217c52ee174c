# ruff: noqa: PTH112, PTH115, PTH208  # what pathlib itself calls is changed here
"""Makes the process that imports it a little like one on Windows, as far as Linux lets itself.

Modules and functions of POSIX are not there. A folder cannot be opened; what is open can be neither
moved nor replaced nor removed; a rename does not replace. Run as ``sitecustomize``.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty")
OF_OS = (
    *("O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "O_SYNC", "SEEK_DATA", "chown"),
    *("fchmod", "fchown", "fdatasync", "fork", "forkpty", "getegid", "geteuid", "getgid"),
    *("getloadavg", "getpgid", "getpriority", "getuid", "killpg", "lockf", "mkfifo", "mknod"),
    *("nice", "posix_fadvise", "posix_fallocate", "posix_spawn", "pread", "preadv", "pwrite"),
    *("pwritev", "sched_getaffinity", "sched_setaffinity", "sched_yield", "sendfile", "setsid"),
    *("statvfs", "sync", "sysconf", "wait3", "wait4"),
)
OF_SIGNAL = (
    *("SIGALRM", "SIGCHLD", "SIGCONT", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGSTOP"),
    *("SIGTSTP", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGXCPU", "alarm", "pause", "pthread_kill"),
    *("pthread_sigmask", "setitimer", "sigtimedwait", "sigwait"),
)


def _is_open(path: object) -> bool:
    """Whether this process has the file open, or one below that folder."""
    real = os.path.realpath(os.fspath(path))  # type: ignore[call-overload]
    for number in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue
        if target == real or target.startswith(real + os.sep):
            return True
    return False


def _keeping_what_is_open(name: str, *, replaces: bool) -> None:
    plain = getattr(os, name)

    def call(path, *args, **kwargs):  # type: ignore[no-untyped-def]
        places = [path, *args[:1]] if args else [path]
        if not kwargs and any(_is_open(place) for place in places):
            raise PermissionError(13, "The process cannot access the file", path)
        if args and not replaces and os.path.lexists(args[0]):
            raise FileExistsError(17, "Cannot create a file when it already exists", path)
        return plain(path, *args, **kwargs)

    setattr(os, name, call)


def _without_folders(plain):  # type: ignore[no-untyped-def]
    def call(path, flags, mode=0o777, *, dir_fd=None):  # type: ignore[no-untyped-def]
        if dir_fd is not None:
            raise NotImplementedError("dir_fd unavailable on this platform")
        if os.path.isdir(path):
            raise PermissionError(13, "Permission denied", path)
        return plain(path, flags, mode)

    return call


def _no_such_library(name, *args, **kwargs):  # type: ignore[no-untyped-def]
    if name is None:
        raise TypeError("LoadLibrary() argument 1 must be str, not None")
    return _dll(name, *args, **kwargs)


for _module in MODULES:
    sys.modules[_module] = None  # type: ignore[assignment]
for _name in OF_OS:
    if hasattr(os, _name):
        delattr(os, _name)
for _name in OF_SIGNAL:
    if hasattr(signal, _name):
        delattr(signal, _name)
_dll, ctypes.PyDLL = ctypes.PyDLL, _no_such_library  # type: ignore[misc,assignment]
os.open = _without_folders(os.open)
_keeping_what_is_open("rename", replaces=False)
for _name in ("replace", "unlink", "remove", "rmdir"):
    _keeping_what_is_open(_name, replaces=True)
