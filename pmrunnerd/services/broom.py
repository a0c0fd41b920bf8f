"""Clears up in a workspace, from inside its sandbox. Standard library only.

It takes away what the dead left in git's way, and moves repositories out of the tree. What it meets
is an agent's: nothing is followed, no name is text, and no tree is too deep. It executes nothing.

A piece of a repository is the run's if its inode changed since the run began. That time cannot be
set back, and a rename sets it too; so a repository that was there before and is as it was stays.
"""

import contextlib
import json
import os
import re
import secrets
import stat
import sys
from collections.abc import Callable, Iterator
from typing import Final

KEPT: Final = b"pm-runner-kept"
# How names begin that we make in `.git`, and may be killed over.
_OURS: Final = (b"pm-runner-index", b"pm-runner-run.")
_NOTE: Final = b"pm-runner-run"  # of `marker`
_ROUNDED: Final = 1_000  # nanoseconds that a float of today cannot tell
_RIGHTS: Final = 0o700
_READ: Final = 0o400
_APPEND: Final = 0o600
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NOFOLLOW: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LONG: Final = 8192
# Bytes of a directory's path in which every file has one that the kernel still takes, with room for
# what git puts before and after it.
DEEPEST: Final = 3800
_NAME: Final = 200  # bytes of a name that is kept; the kernel takes 255
_POINTS: Final = b"gitdir: "
# What leads git to a configuration, beside a HEAD. Half of a repository counts, too: a later run
# could put the rest to it, and would not have made it.
_LEADS: Final = frozenset({b"config", b"commondir"})
# What of a repository says what git executes there, or that it is one.
_PIECES: Final = (b"HEAD", b"config", b"config.worktree", b"commondir", b"hooks")
_ID: Final = re.compile(rb"[0-9a-f]{40}|[0-9a-f]{64}")
_NO_REF: Final = re.compile(rb"[\x00-\x20~^:?*\[\\\x7f]|\.\.|@\{|\.\Z")
_REPLACE: Final = b"refs/replace/"
_MOST: Final = 1 << 26  # bytes of a file of references that is looked into
# What nobody in a sandbox can write, in each repository, and in `.git` alone.
_SEALED: Final = (b"hooks", b"info")
_SEALED_TOP: Final = (b"worktrees",)
# What goes aside as it is, since it may be missed.
_TOLD: Final = frozenset({b"packed-refs", b"shallow"})
# Directories of `.git` in which a name that ends so can be somebody's own.
_NAMES: Final = frozenset({b"modules", b"worktrees", KEPT})


IsGood = Callable[[bytes], bool]
Look = Callable[[int, bytes, list[bytes]], list[bytes] | None]


class Broom:
    """`top` is the workspace, `since` when the run began, `guarded` are submodules' directories."""

    def __init__(self, top: bytes, since: float, aside: bytes, guarded: frozenset[bytes]) -> None:
        self._top = top
        self._since = int(since * 1_000_000_000) - _ROUNDED
        self._aside = aside
        self._guarded = guarded
        self._place: int | None = None
        self._directories: tuple[bytes, ...] = ()
        self._links: frozenset[bytes] = frozenset()
        own = top + b"/.git"
        self._sealed = {b"%s/%s" % (git, name) for git in (own, *guarded) for name in _SEALED}
        self._sealed |= {b"%s/%s" % (own, name) for name in _SEALED_TOP}
        self._replacing = tuple(b"%s/%s" % (git, _REPLACE) for git in (own, *guarded))
        self.taken: list[bytes] = []
        self.stuck: list[bytes] = []
        self.lost: list[bytes] = []
        self.removed: list[bytes] = []

    def sweep(self, branch: bytes, remove: list[bytes]) -> None:
        """Do all of it, so that git can go to work; `remove` are names in `.git` that go."""
        here = os.open(self._top, _DIRECTORY)
        self._own(b".", here)
        self._own(b".git", here)
        git = os.open(b".git", _DIRECTORY, dir_fd=here)
        # Before all that can fail: a person looks at what is left then.
        self._walk(here, self._look_in_tree)
        if self.stuck:
            # Git is led into what is still there by the index alone.
            self._delete(b"index", git)
        self._directories = (b"objects", *_above(b"refs/heads/" + branch))
        # These are moved back where they belong; a HEAD may be one.
        self._links = frozenset({*self._directories, b"HEAD"})
        self._walk(git, self._look_in_git)
        self._put_right(git, branch)
        for module in self._guarded:
            self._put_module_right(module)
        for name in self._names(git):
            if name in remove or name.startswith(_OURS):
                self._delete(name, git)

    def evacuate(self, stay: frozenset[bytes]) -> None:
        """Move everything out of the tree that is there, but for what is ignored or somebody's."""
        here = os.open(self._top, _DIRECTORY)
        for name in self._names(here):
            if name != b".git" and name not in stay:
                self._own(name, here)
                try:
                    os.rename(name, self._free(name), src_dir_fd=here, dst_dir_fd=self._there())
                except OSError:  # it is somebody else's, or a disk of its own
                    self.stuck.append(name)

    # Looking

    def _walk(self, top: int, look: Look) -> None:
        """Look into every directory, with a few descriptors however deep it is.

        `look` gets an open directory, its path and its names; it returns those to go down into, or
        None where the directory is somewhere else by now.
        """
        here, path = os.dup(top), b""
        # By its length alone: all the paths would be quadratic in the depth.
        above: list[tuple[int, list[bytes]]] = []
        below = look(here, path, self._names(here)) or []
        while True:
            if below:
                name = below.pop()
                self._own(name, here)
                try:
                    there = os.open(name, _DIRECTORY, dir_fd=here)
                except OSError:  # gone, or a link by now
                    continue
                inner = path + b"/" + name if path else name
                try:
                    # Nobody who may not search it finds anything in there, nor the way back.
                    os.stat(b"..", dir_fd=there)
                    deeper = look(there, inner, self._names(there))
                except OSError:
                    deeper = None
                if deeper is None:
                    os.close(there)
                    continue
                os.close(here)
                above.append((len(path), below))
                here, path, below = there, inner, deeper
            elif above:
                there = os.open(b"..", _DIRECTORY, dir_fd=here)
                os.close(here)
                here = there
                length, below = above.pop()
                path = path[:length]
            else:
                os.close(here)
                return

    def _names(self, here: int) -> list[bytes]:
        return [os.fsencode(name) for name in os.listdir(here)]

    def _look_in_git(self, here: int, path: bytes, names: list[bytes]) -> list[bytes] | None:
        if self._is_too_deep(here, path) and self._put_aside(here, path) is not None:
            return None
        if self._top + b"/.git/" + path in self._sealed:
            return []  # a link in there is a person's
        below = []
        inner = path.partition(b"/")[0]
        for name in names:
            found = self._stat(name, here)
            if found is None:
                continue
            is_new = found.st_ctime_ns >= self._since
            is_lock = name.endswith(b".lock") and is_new
            if (is_lock and (not stat.S_ISDIR(found.st_mode) or inner not in _NAMES)) or (
                path.startswith(b"refs/pm-runner") and stat.S_ISLNK(found.st_mode)
            ):
                self._delete(name, here)
            elif stat.S_ISDIR(found.st_mode):
                if not (path == b"" and name == KEPT):
                    below.append(name)
            elif is_new:
                self._put_new_right(name, here, path, found)
        return below

    def _put_new_right(self, name: bytes, here: int, path: bytes, found: os.stat_result) -> None:
        if (self._top + b"/.git/" + path + b"/").startswith(self._replacing):
            self._remove(name, here, b".git/" + path)
        elif stat.S_ISREG(found.st_mode):
            rights = _READ if b"objects" in path.split(b"/") else _APPEND
            self._allow(name, here, found, rights)
        elif self._is_trap(path + b"/" + name if path else name, found):
            self._remove(name, here, b".git/" + path)

    def _is_trap(self, path: bytes, found: os.stat_result) -> bool:
        """Tell whether git outside would wait for it, or write where a link of the run's leads."""
        if path in _TOLD:
            return False
        return not stat.S_ISLNK(found.st_mode) or path not in self._links

    def _look_in_tree(self, here: int, path: bytes, names: list[bytes]) -> list[bytes] | None:
        if path and self._goes(here, path, names):
            return None
        below = []
        for name in names:
            found = self._stat(name, here)
            if found is None or name == b".git":
                continue
            if stat.S_ISDIR(found.st_mode):
                below.append(name)
            elif found.st_ctime_ns >= self._since:
                if stat.S_ISREG(found.st_mode):
                    self._allow(name, here, found, _READ)
                elif _waits(name, found):
                    self._remove(name, here, path)
        if not path and b"HEAD" in names and {b"objects", b"refs"} <= set(names):
            self._hide_bare(here)
        return below

    def _goes(self, here: int, path: bytes, names: list[bytes]) -> bool:
        """Move a directory aside that may not stay, and tell whether it is not to be looked into."""
        if self._is_ours(here, path, names):
            return self._take_out(here, path)
        if not self._is_too_deep(here, path):
            return False
        # Git passes by what it cannot name.
        if not self._move(here, path):
            self.stuck.append(path)
        return True

    def _is_too_deep(self, here: int, path: bytes) -> bool:
        return len(path) > DEEPEST and os.fstat(here).st_ctime_ns >= self._since

    def _allow(self, name: bytes, here: int, found: os.stat_result, rights: int) -> None:
        """Have git do with a file what it has to."""
        if found.st_mode & rights != rights:
            with contextlib.suppress(OSError):
                os.chmod(name, found.st_mode | rights, dir_fd=here)

    def _remove(self, name: bytes, here: int, above: bytes) -> None:
        """Take away what is no file, and remember what it was called and where it led."""
        path = above.rstrip(b"/") + b"/" + name if above else name
        with contextlib.suppress(OSError):  # it is no link
            path += b" -> " + os.readlink(name, dir_fd=here)
        self._delete(name, here)
        self.removed.append(path)

    # Repositories

    def _is_ours(self, here: int, path: bytes, names: list[bytes]) -> bool:
        """Tell whether a directory is a repository that the run made or changed."""
        if b".git" in names:
            found = self._stat(b".git", here)
            if found is None:
                return False
            if stat.S_ISDIR(found.st_mode):
                # Git passes by one that is empty, and takes the directory itself.
                return self._has_new_pieces(b".git", here) or self._is_new_bare(here, names)
            target = self._target(here, path)
            if target is None:
                return found.st_ctime_ns >= self._since
            # A person's working tree, whose git directory nobody in the sandbox can write.
            is_tree = target.startswith(self._top + b"/.git/worktrees/")
            if target in self._guarded or is_tree:
                return False
            return found.st_ctime_ns >= self._since or self._has_new_pieces(target, None)
        return self._is_new_bare(here, names)

    def _is_new_bare(self, here: int, names: list[bytes]) -> bool:
        if b"HEAD" not in names or _LEADS.isdisjoint(names):
            return False
        return self._has_new_pieces(b".", here)

    def _has_new_pieces(self, name: bytes, here: int | None) -> bool:
        for piece in self._pieces(name, here):
            found = self._stat(piece, here)
            if found is not None and found.st_ctime_ns >= self._since:
                return True
        return False

    def _pieces(self, name: bytes, here: int | None) -> Iterator[bytes]:
        for piece in _PIECES:
            yield name + b"/" + piece
        try:
            hooks = os.open(name + b"/hooks", _DIRECTORY, dir_fd=here)
        except OSError:
            return
        try:
            yield from (name + b"/hooks/" + hook for hook in self._names(hooks))
        finally:
            os.close(hooks)

    def _target(self, here: int, path: bytes) -> bytes | None:
        """Return where a `.git` that is a file leads to; None where git would not follow it."""
        try:
            file = os.open(b".git", _NOFOLLOW, dir_fd=here)
        except OSError:
            return None
        try:
            content = os.read(file, _LONG)
        except OSError:
            return None
        finally:
            os.close(file)
        if not content.startswith(_POINTS):
            return None
        to, _, _ = content.removeprefix(_POINTS).rstrip(b"\r\n").partition(b"\0")
        return os.path.realpath(
            self._top + b"/" + path + b"/" + to if not to.startswith(b"/") else to
        )

    def _take_out(self, here: int, path: bytes) -> bool:
        """Move a repository aside, or make a plain directory of it."""
        if self._move(here, path):
            return True
        self._disable(here, path)
        return False

    def _move(self, here: int, path: bytes) -> bool:
        """Move a directory aside, and remember that it was taken."""
        free = self._put_aside(here, path)
        if free is None:
            return False
        self.taken.append(path)
        return True

    def _put_aside(self, here: int, path: bytes) -> bytes | None:
        """Move a directory aside, where nothing in it is a repository; return its name there."""
        name = path.rpartition(b"/")[2]
        try:
            above = os.open(b"..", _DIRECTORY, dir_fd=here)
            try:
                free = self._free(name)
                os.rename(name, free, src_dir_fd=above, dst_dir_fd=self._there())
            finally:
                os.close(above)
        except OSError:
            return None
        self._unmake(free)
        return free

    def _unmake(self, name: bytes) -> None:
        """Have nothing in what was set aside be a repository, until somebody calls it so again."""
        top = os.open(name, _DIRECTORY, dir_fd=self._there())
        try:
            self._walk(top, self._look_aside)
        finally:
            os.close(top)

    def _look_aside(self, here: int, _: bytes, names: list[bytes]) -> list[bytes]:
        for name in (b".git", b"HEAD"):
            if name in names and (name == b".git" or not _LEADS.isdisjoint(names)):
                self._rename(name, b".kept" if name + b".kept" not in names else _chance(), here)
        found = [(name, self._stat(name, here)) for name in self._names(here)]
        return [name for name, one in found if one is not None and stat.S_ISDIR(one.st_mode)]

    def _disable(self, here: int, path: bytes) -> None:
        try:
            for name in (b".git", b"HEAD"):
                if self._stat(name, here) is not None:
                    self._rename(name, _chance(), here)
        except OSError:
            self.stuck.append(path)
        else:
            self.taken.append(path)

    def _rename(self, name: bytes, more: bytes, here: int) -> None:
        os.rename(name, name + more, src_dir_fd=here, dst_dir_fd=here)

    def _hide_bare(self, here: int) -> None:
        """See to it that the workspace itself is no repository without a working tree."""
        found = self._stat(b"HEAD", here)
        if found is not None and found.st_ctime_ns >= self._since:
            os.rename(b"HEAD", self._free(b"HEAD"), src_dir_fd=here, dst_dir_fd=self._there())

    # What git needs

    def _put_right(self, git: int, branch: bytes) -> None:
        """Have `.git` be a repository again, where it is none for the lack of a HEAD, say."""
        own = b"refs/heads/" + branch
        for name in self._directories:
            self._have_directory(name, git)
        for path in (b"refs/pm-runner", b"refs/pm-runner/runs"):
            found = self._stat(path, git)
            if found is not None and not stat.S_ISDIR(found.st_mode):
                self._delete(path, git)
        for name in (b"index", b"HEAD", b"packed-refs", b"shallow", _NOTE, own):
            found = self._stat(name, git)
            if found is not None and stat.S_ISDIR(found.st_mode):
                self._delete(name, git)
        self._put_logs_right(own, git)
        self._mend_lines(b"packed-refs", _is_packed, git)
        self._mend_lines(b"shallow", _is_id, git)
        for path in (self._top + b"/.git", *self._guarded):
            self._unreplace(path.removeprefix(self._top + b"/.git").lstrip(b"/"), git)
            self._mend_alternates(path + b"/objects", git)
        for name in (own, b"HEAD"):
            if self._is_junk(name, git):
                self._remove(name, git, b".git")
        if self._stat(b"HEAD", git) is None:
            self._write(b"HEAD", b"ref: " + own + b"\n", git)

    def _put_module_right(self, module: bytes) -> None:
        """Have a submodule's own be a repository, but for a HEAD, which whoever keeps it knows."""
        try:
            git = os.open(module, _DIRECTORY)
        except OSError:
            return
        try:
            for name in (b"objects", b"refs", b"refs/heads"):
                found = self._stat(name, git)
                if found is not None and not stat.S_ISDIR(found.st_mode):
                    if found.st_ctime_ns < self._since:
                        continue
                    self._delete(name, git)
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, dir_fd=git)
            for name in (b"HEAD", b"index", b"packed-refs"):
                found = self._stat(name, git)
                if found is not None and stat.S_ISDIR(found.st_mode):
                    self._delete(name, git)
            head = (self._read(b"HEAD", git) or b"").rstrip()
            own = head.removeprefix(b"ref:").strip()
            self._put_logs_right(own if is_reference(own) else b"refs/heads/x", git)
        finally:
            os.close(git)

    def _put_logs_right(self, own: bytes, git: int) -> None:
        """Have git write what it did with HEAD and a branch: where it cannot, it does nothing."""
        for above in _above(b"logs/" + own):
            found = self._stat(above, git)
            if found is not None and not stat.S_ISDIR(found.st_mode):
                self._delete(above, git)
        for log in (b"logs/HEAD", b"logs/" + own):
            found = self._stat(log, git)
            if found is not None and stat.S_ISDIR(found.st_mode):
                self._delete(log, git)

    def _have_directory(self, name: bytes, git: int) -> None:
        found = self._stat(name, git)
        if found is not None and stat.S_ISLNK(found.st_mode):
            to = os.readlink(name, dir_fd=git)
            above = self._top + b"/.git/" + name.rpartition(b"/")[0] + b"/"
            target = os.path.realpath(above + to)
            self._remove(name, git, b".git")
            if target.startswith(self._top + b"/"):
                with contextlib.suppress(OSError):
                    os.rename(target, name, dst_dir_fd=git)
        elif found is not None and not stat.S_ISDIR(found.st_mode):
            self._delete(name, git)
            self.lost.append(name)
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, dir_fd=git)

    def _is_junk(self, name: bytes, git: int) -> bool:
        """Tell whether the run made of a file of one line what git can make nothing of."""
        found = self._stat(name, git)
        if found is None or found.st_ctime_ns < self._since:
            return False
        if stat.S_ISLNK(found.st_mode):
            return not is_reference(os.readlink(name, dir_fd=git))
        return not _is_head((self._read(name, git) or b"").rstrip())

    def _unreplace(self, repository: bytes, git: int) -> None:
        """Take out of packed references those by which git reads one object for another."""
        name = repository + b"/packed-refs" if repository else b"packed-refs"
        found = self._stat(name, git)
        if found is None or found.st_ctime_ns < self._since or found.st_size > _MOST:
            return
        fine, gone = list[bytes](), list[bytes]()
        to = fine
        for line in (self._read(name, git) or b"").splitlines(keepends=True):
            # What it leads to follows a reference in a line of its own.
            if not line.startswith(b"^"):
                to = gone if line.partition(b" ")[2].startswith(_REPLACE) else fine
            to.append(line)
        if gone:
            # A gc of the run's packs a person's, too.
            os.rename(name, self._free(b"packed-refs"), src_dir_fd=git, dst_dir_fd=self._there())
            self._write(name, b"".join(fine), git)
            names = (line.rstrip().partition(b" ")[2] for line in gone)
            above = b".git/" + name.removesuffix(b"packed-refs")
            self.removed += [above + name for name in names if name]

    def _mend_alternates(self, objects: bytes, git: int) -> None:
        """Have git look for objects nowhere that a run could have put something."""
        name = objects.removeprefix(self._top + b"/.git/") + b"/info/alternates"

        def is_elsewhere(line: bytes) -> bool:
            if line[:1] in {b"", b"#"} or b"\0" in line:
                return b"\0" not in line
            # What cannot be seen from here was no store of a person's: git needed it in here, too.
            path = os.path.realpath(line if line[:1] == b"/" else objects + b"/" + line)
            there = self._stat(path, None)
            inside = (self._top + b"/", b"/proc/", b"/dev/")
            is_directory = there is not None and stat.S_ISDIR(there.st_mode)
            return is_directory and not (path + b"/").startswith(inside)

        found = self._stat(name, git)
        if found is not None and found.st_size > _MOST and found.st_ctime_ns >= self._since:
            self._set_aside(name, git)
        self._mend_lines(name, is_elsewhere, git)

    def _mend_lines(self, name: bytes, is_good: IsGood, git: int) -> None:
        """Set aside a file of the run's making in which git finds no sense, but for good lines."""
        found = self._stat(name, git)
        if found is None or found.st_ctime_ns < self._since or found.st_size > _MOST:
            return
        content = self._read(name, git)
        lines = (content or b"").removesuffix(b"\n").split(b"\n")
        fine = [line for line in lines if is_good(line)]
        if content == b"" or len(fine) == len(lines):
            return
        self._set_aside(name, git)
        # What a first line says of all others may be true no more.
        if fine := [line for line in fine if not line.startswith(b"#")]:
            self._write(name, b"".join(line + b"\n" for line in fine), git)

    def _set_aside(self, name: bytes, git: int) -> None:
        free = self._free(name.rpartition(b"/")[2])
        os.rename(name, free, src_dir_fd=git, dst_dir_fd=self._there())
        self.lost.append(name)

    def _read(self, name: bytes, git: int) -> bytes | None:
        """Return what is in a file; None where it is none."""
        try:
            file = os.open(name, _NOFOLLOW, dir_fd=git)
        except OSError:
            return None
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            return None
        with os.fdopen(file, "rb") as stream:
            return stream.read(_MOST)

    def _write(self, name: bytes, content: bytes, git: int) -> None:
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=git)
        with os.fdopen(file, "wb") as stream:
            stream.write(content)

    # Hands

    def _there(self) -> int:
        """Return the place for what is set aside, which nobody could know before."""
        if self._place is None:
            here = os.open(self._top + b"/.git", _DIRECTORY)
            found = self._stat(KEPT, here)
            if found is not None and not stat.S_ISDIR(found.st_mode):
                self._delete(KEPT, here)
            with contextlib.suppress(FileExistsError):
                os.mkdir(KEPT, dir_fd=here)
            self._own(KEPT, here)
            kept = os.open(KEPT, _DIRECTORY, dir_fd=here)
            with contextlib.suppress(FileExistsError):
                os.mkdir(self._aside, dir_fd=kept)
            self._place = os.open(self._aside, _DIRECTORY, dir_fd=kept)
            os.close(kept)
            os.close(here)
        return self._place

    def _free(self, name: bytes) -> bytes:
        """Return a name that is free there, and not too long."""
        free = name[:_NAME]
        while self._stat(free, self._there()) is not None:
            free = name[:_NAME] + _chance()
        return free

    def _own(self, name: bytes, here: int) -> None:
        """Have all rights on a directory that the run took them from."""
        found = self._stat(name, here)
        if found is None or found.st_mode & _RIGHTS == _RIGHTS or not stat.S_ISDIR(found.st_mode):
            return
        if found.st_ctime_ns >= self._since:
            with contextlib.suppress(OSError):
                os.chmod(name, found.st_mode | _RIGHTS, dir_fd=here)

    def _stat(self, name: bytes, here: int | None) -> os.stat_result | None:
        try:
            return os.stat(name, dir_fd=here, follow_symlinks=False)
        except OSError:
            return None

    def _delete(self, name: bytes, here: int) -> None:
        """Delete a file, or move a directory aside, whatever is in it."""
        try:
            os.unlink(name, dir_fd=here)
        except IsADirectoryError:
            self._own(name, here)
            free = self._free(name.rpartition(b"/")[2])
            os.rename(name, free, src_dir_fd=here, dst_dir_fd=self._there())
        except FileNotFoundError:
            pass


def _waits(name: bytes, found: os.stat_result) -> bool:
    """Tell whether git could wait for what is in a tree: it opens some names whatever they are."""
    is_read = name.startswith(b".git") or name == b".mailmap"
    # No name of a pipe is safe: the tree may be somebody's store of objects, now or by a later run.
    return stat.S_ISFIFO(found.st_mode) or (is_read and not stat.S_ISLNK(found.st_mode))


def _above(path: bytes) -> list[bytes]:
    """Return the directories that lead to a path, the outermost first."""
    parts = path.split(b"/")
    return [b"/".join(parts[:depth]) for depth in range(1, len(parts))]


def _is_id(line: bytes) -> bool:
    return bool(_ID.fullmatch(line))


def is_reference(name: bytes) -> bool:
    """Tell whether git takes this for the full name of a reference, which leads out of nowhere."""
    first, *parts = name.split(b"/")
    return (
        (first == b"refs" and bool(parts) and _NO_REF.search(name) is None)
        and all(part and not part.startswith(b".") for part in parts)
        and not any(part.endswith(b".lock") for part in parts)
    )


def _is_head(line: bytes) -> bool:
    """Tell whether a HEAD or another reference can be this."""
    name = line.removeprefix(b"ref:")
    return is_reference(name.strip()) if name != line else _is_id(line)


def _is_packed(line: bytes) -> bool:
    """Tell whether git finds sense in a line of its packed references."""
    id, space, name = line.partition(b" ")
    return line[:1] == b"#" or (
        _is_id(id) and is_reference(name) if space else line[:1] == b"^" and _is_id(line[1:])
    )


def _chance() -> bytes:
    """Return what makes a name one that nobody has planted."""
    return b"-" + secrets.token_hex(4).encode()


def main(words: list[str]) -> int:
    """Do what a line of JSON says, or what an open file does that it gives the number of.

    Says what was done in another.
    """
    told = json.loads(words[0])
    if isinstance(told, int):
        with os.fdopen(told) as file:
            told = json.load(file)
    broom = Broom(
        os.fsencode(told["top"]),
        told["since"],
        os.fsencode(told["aside"]),
        frozenset(map(os.fsencode, told["guarded"])),
    )
    if "branch" in told:
        branch = os.fsencode(told["branch"])
        # Its path is deleted where it is no reference: a note of an agent's may have named it.
        if not is_reference(b"refs/heads/" + branch):
            sys.exit(f"{told['branch']!a} is no branch")
        broom.sweep(branch, [os.fsencode(name) for name in told["remove"]])
    else:
        broom.evacuate(frozenset(map(os.fsencode, told["stay"])))
    paths = {"taken": broom.taken, "stuck": broom.stuck, "lost": broom.lost}
    paths["removed"] = broom.removed
    json.dump(
        {key: [os.fsdecode(path) for path in found] for key, found in paths.items()}, sys.stdout
    )
    return 1 if broom.stuck else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
