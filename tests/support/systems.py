"""The files by which Linux tells a process of the control groups it is in, made up."""

from __future__ import annotations

from pathlib import Path


class FakeSystem:
    """A file system with ``/proc`` and ``/sys/fs/cgroup`` in a folder of the test's."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, text: str) -> None:
        """A file, with its folders."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", "utf-8")

    def version_2(self, path: str, root: str = "/") -> None:
        """A process in the group ``path``; the group ``root`` is mounted."""
        self.write("proc/self/cgroup", f"0::{path}")
        mount = f"41 31 0:38 {root} /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw"
        self.write("proc/self/mountinfo", f"22 1 0:1 / / rw - ext4 /dev/root rw\n{mount}")

    def version_1(self, path: str, *controllers: str, root: str = "/") -> None:
        """The same of version 1, with controllers that are mounted together."""
        names = ",".join(controllers)
        self.write("proc/self/cgroup", f"9:name=systemd:/\n4:{names}:{path}\n0::/")
        mounts = [
            f"32 31 0:29 {root} /sys/fs/cgroup/{names} rw - cgroup cgroup rw,{names}",
            "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd",
            "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
        ]
        self.write("proc/self/mountinfo", "\n".join(mounts))

    def group(self, folder: str, **files: str) -> None:
        """Files of a group below ``/sys/fs/cgroup``."""
        for name, text in files.items():
            self.write(f"sys/fs/cgroup/{folder}/{name}", text)
