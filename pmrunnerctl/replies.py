"""What can be typed to answer a question: a line for each way, with a word in capitals to be replaced."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from pmrunnerctl.width import one_line


class Offer(NamedTuple):
    """A question and what it offers; `fixed`, `multiple` and `otherwise` as in the inbox."""

    question: str
    options: tuple[str, ...]
    fixed: bool = False
    multiple: bool = False
    otherwise: str = ""


def replies(offer: Offer, addressed: Callable[[str], str]) -> list[str]:
    """Return the commands, the likeliest first; of the runner's own question, one for each option."""
    answer = addressed(f"pmrunnerctl answer {offer.question}")
    text = f"{answer} TEXT"
    if offer.fixed or offer.otherwise:  # only the runner says what else than an option does
        named = enumerate(map(one_line, offer.options), 1)
        each = [f"{answer} --option {number}   # {option}" for number, option in named]
        return each if offer.fixed else [*each, f"{text}   # {offer.otherwise}"]
    if not offer.options:
        return [text]
    last = len(offer.options)
    several = f" --option {last}" if offer.multiple and last > 1 else ""
    return [text, f"{answer} --option 1{several}"]


def is_other(options: Sequence[str], said: str, *, multiple: bool) -> bool:
    """Tell whether an answer is none of the options that there are, nor several where these are one answer."""
    offered = {option.casefold() for option in options}
    words = said.strip().casefold()
    each = words.split(", ") if multiple else [words]
    return bool(offered) and words not in offered and not offered.issuperset(each)
