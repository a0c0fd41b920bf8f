"""Whether a Makefile has a target: read line by line, and never run."""

import re
from typing import Final

# What may stand before and after a target, at the beginning of a line: other targets, then one or two colons and no assignment.
_RULE: Final = re.compile(r"(?P<targets>[^\s:=#][^:=#]*?)\s*::?(?![:=])")
_DEFINE: Final = re.compile(r"\s*(?:override\s+|export\s+)*define\s")
_ENDEF: Final = re.compile(r"\s*endef\s*(?:#.*)?$")


def has_target(text: str, target: str) -> bool:
    """Tell whether a rule makes the target: not a comment, a recipe, a variable, a text in a `define`.

    What an `include`d file or a variable would add is not seen: to see it the file would have to be run.
    """
    inside = False
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        if inside:
            inside = not _ENDEF.match(line)
        elif _DEFINE.match(line):
            inside = True
        elif (rule := _RULE.match(line)) and target in rule["targets"].split():
            return True
    return False
