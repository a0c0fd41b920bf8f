"""The source digest of a commit, without its source lying anywhere."""

from io import BufferedReader

from pmrunnerd.model.source import BOUNDS, Bounds, Extracted
from pmrunnerd.services.source.complaint import told
from pmrunnerd.services.source.taking import Nowhere, take


def measure(file: BufferedReader, commit: str, bounds: Bounds = BOUNDS) -> Extracted:
    """Look at a commit's objects, which come in `file`, as whoever unpacks them does. Raises PmError."""
    what = f"tell the source digest of {commit}"
    with told(what):
        tree, digest = take(file, commit, Nowhere(), bounds, what)
    return Extracted(
        commit=commit, tree=tree, digest=digest.value(), files=digest.files, bytes=digest.bytes
    )
