"""What people ask for in the storm of runs: messages of scripts, and what must have come of each task.

Every script writes its name into `ledger` before it prints its numbered lines, so that whatever ends
it in between leaves something behind, and doing it twice shows.
"""

import random
from collections.abc import Callable
from typing import Final

from msgspec import Struct

FRUIT: Final = ("apple", "cherry", "plum")
FAILURE: Final = 7
BURSTS: Final = 0.2
# Goes on for ever, in a session of its own, deaf to whatever can be heard.
FLED: Final = """\
setsid sh -c 'trap "" HUP INT TERM; while :; do echo more >> fled; sleep 0.02; done' &
until [ -s fled ]; do sleep 0.01; done"""


class Chore(Struct, frozen=True, kw_only=True):
    """One task: its script, and what a person does about it.

    `lines` is all that it prints. One that `asks` has the answer behind its name in the ledger. One
    that is `unwanted` is cancelled as soon as it is seen to run, and is tried again where it is
    `wanted_after_all`; one that `fails` does so always.
    """

    name: str
    token: str
    script: str
    lines: int
    needs: str = ""
    asks: bool = False
    fails: bool = False
    unwanted: bool = False
    wanted_after_all: bool = False

    @property
    def block(self) -> str:
        needs = f" needs={self.needs}" if self.needs else ""
        return f"```sh name={self.name}{needs}\n{self.script}\n```\n"

    @property
    def printed(self) -> str:
        return "\n".join(f"{self.token} {number}" for number in range(1, self.lines + 1))


def message(chores: tuple[Chore, ...]) -> str:
    """Return what is said to have them done."""
    return f"Storm: {chores[0].token}\n\n" + "\n".join(chore.block for chore in chores)


def draw(token: str, dice: random.Random) -> tuple[Chore, ...]:
    """Return the chores of one message."""
    return dice.choice(KINDS)(token, dice)


def _counted(token: str, dice: random.Random) -> tuple[str, int]:
    """Return what prints numbered lines, and how many; now and then thousands of them at once."""
    if dice.random() < BURSTS:
        lines, pause = dice.randrange(1000, 4000), ""
    else:
        lines, pause = dice.randrange(5, 40), f"; sleep {dice.uniform(0.005, 0.03):.3f}"
    # The last one is not ended.
    loop = f'for n in $(seq {lines}); do echo "{token} $n"{pause}; done'
    return f'{loop}\nprintf "{token} {lines + 1}"', lines + 1


def _one(token: str, dice: random.Random, **more: object) -> tuple[Chore, ...]:
    loop, lines = _counted(token, dice)
    script = f'echo "{token}" >> ledger\n{loop}'
    return (Chore(name="count", token=token, script=script, lines=lines, **more),)  # type: ignore[arg-type]


def count(token: str, dice: random.Random) -> tuple[Chore, ...]:
    return _one(token, dice)


def chain(token: str, dice: random.Random) -> tuple[Chore, ...]:
    """Two, one after the other."""
    (first,), (second,) = _one(f"{token}/1", dice), _one(f"{token}/2", dice)
    return first, Chore(
        name="then", token=second.token, script=second.script, lines=second.lines, needs="count"
    )


def ask(token: str, dice: random.Random) -> tuple[Chore, ...]:
    loop, lines = _counted(token, dice)
    script = (
        f'{loop}\nfruit=$(pm-ask "{token}?" {" ".join(FRUIT)})\necho "{token} $fruit" >> ledger'
    )
    return (Chore(name="ask", token=token, script=script, lines=lines, asks=True),)


def flee(token: str, dice: random.Random) -> tuple[Chore, ...]:
    loop, lines = _counted(token, dice)
    script = f'echo "{token}" >> ledger\n{FLED}\n{loop}'
    return (Chore(name="flee", token=token, script=script, lines=lines),)


def commit(token: str, dice: random.Random) -> tuple[Chore, ...]:
    """Commit half of it itself; the rest is left to the run host."""
    loop, lines = _counted(token, dice)
    script = f'echo "{token}" >> ledger\ngit add ledger\ngit commit -qm "by itself"\n{loop}\necho more >> rest'
    return (Chore(name="commit", token=token, script=script, lines=lines),)


def fail(token: str, dice: random.Random) -> tuple[Chore, ...]:
    loop, lines = _counted(token, dice)
    script = f'echo "{token}" >> ledger\n{loop}\nexit {FAILURE}'
    return (Chore(name="fail", token=token, script=script, lines=lines, fails=True),)


def cancel(token: str, dice: random.Random) -> tuple[Chore, ...]:
    """One that is cancelled, and another that is left waiting for it."""
    (first,), (second,) = _one(f"{token}/1", dice, unwanted=True), _one(f"{token}/2", dice)
    return first, Chore(
        name="then", token=second.token, script=second.script, lines=second.lines, needs="count"
    )


def think_again(token: str, dice: random.Random) -> tuple[Chore, ...]:
    return _one(token, dice, unwanted=True, wanted_after_all=True)


KINDS: Final[tuple[Callable[[str, random.Random], tuple[Chore, ...]], ...]] = (
    count,
    chain,
    ask,
    flee,
    commit,
    fail,
    cancel,
    think_again,
)
