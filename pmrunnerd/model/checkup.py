"""What `doctor` found: one line for each thing that a daemon needs."""

from typing import Literal

from pmrunnerd.model.views import View

State = Literal["ok", "warning", "problem"]


class Check(View, frozen=True, kw_only=True):
    """One thing that was looked at; `hint` can be pasted, and is there where it is not ok."""

    name: str
    state: State
    found: str
    hint: str = ""


class Checkup(View, frozen=True, kw_only=True):
    """Everything that was looked at, of one state directory."""

    state_directory: str
    checks: tuple[Check, ...]
