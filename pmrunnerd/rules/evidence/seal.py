"""The hash of a section: what whoever approves has seen, and approves.

SHA-256 over the section as UTF-8: from its heading to before the next heading of its level or a higher one, each line
without white space at its end, each ended by one LF whatever ended it in the file, without empty lines at
its end. Nothing else is left out: comments and code are part of it.
"""

import hashlib

from pmrunnerd.rules.evidence.sections import Section


def canonical(section: Section) -> bytes:
    """Return the bytes that are hashed."""
    text = "\n".join(line.raw.rstrip() for line in section.lines).rstrip("\n")
    return f"{text}\n".encode(errors="surrogatepass")


def seal(section: Section) -> str:
    """Return the hash of a section, in hexadecimal."""
    return hashlib.sha256(canonical(section)).hexdigest()
