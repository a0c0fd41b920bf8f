"""The text of EVIDENCE.md as a commit has it."""

from io import BufferedReader

from pmrunnerd.model.errors import NotFound, Refused
from pmrunnerd.model.source import BOUNDS, EVIDENCE, Bounds
from pmrunnerd.rules.source import pointers, trees
from pmrunnerd.rules.source.trees import Malformed, Mode
from pmrunnerd.services.source.complaint import told
from pmrunnerd.services.source.objects import Damaged, Objects
from pmrunnerd.services.source.walk import tree_of

_NO_FILE = {
    Mode.TREE: "it is a directory",
    Mode.LINK: "it is a link",
    Mode.SUBMODULE: "it is a submodule",
}


def read(file: BufferedReader, commit: str, bounds: Bounds = BOUNDS) -> str:
    """Return what it says. Come have to: the commit, its tree, and the file's own object if it is one.

    Raises NotFound where there is none, Refused for what is no text of a person's, Damaged.
    """
    what = f"read {EVIDENCE} of {commit}"
    with told(what):
        objects = Objects(file, len(commit))
        tree = tree_of(objects, commit)
        try:
            items = trees.items(objects.whole(tree, "tree"), len(commit) // 2)
        except Malformed as exc:
            raise Damaged(f"tree {tree} is none: {exc}") from exc
        found = next((item for item in items if item.name == EVIDENCE.encode()), None)
        if found is None:
            raise NotFound(f"cannot {what}: it is not there")
        if found.mode in _NO_FILE:
            raise Refused(f"cannot {what}: {_NO_FILE[found.mode]}")
        size, chunks = objects.next(found.id, "blob")
        if size > bounds.evidence:
            raise Refused(f"cannot {what}: it has {size} bytes, and {bounds.evidence} are the most")
        text = b"".join(chunks)
    if pointers.is_pointer(text):
        raise Refused(f"cannot {what}: it is a pointer of Git LFS")
    try:
        return text.decode()
    except UnicodeDecodeError as exc:
        raise Refused(f"cannot {what}: it is not UTF-8, at byte {exc.start}") from exc
