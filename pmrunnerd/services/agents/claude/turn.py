"""What the model's turn has called so far, and what of it asks a person."""

from collections.abc import Iterable
from typing import Final

from claude_agent_sdk import AssistantMessage, Message, ToolResultBlock, ToolUseBlock, UserMessage

from pmrunnerd.model.progress import Asked
from pmrunnerd.services.agents.claude import asked
from pmrunnerd.services.agents.claude.translate import is_answer

# How the CLI marks the result of a call that it does not take.
_WRONG: Final = "<tool_use_error>"


class Turn:
    """The latest turn of a conversation; it is to hear all messages. `uses` are its calls."""

    def __init__(self) -> None:
        self.uses: list[ToolUseBlock] = []
        self._name: str | None = None
        self._asked: dict[str, tuple[Asked, ...]] = {}

    def hear(self, message: Message) -> None:
        """Note what is called, and what of it comes to something."""
        if isinstance(message, AssistantMessage):
            uses = [block for block in message.content if isinstance(block, ToolUseBlock)]
            if message.message_id != self._name:
                self.uses = []
                if is_answer(message):
                    self._asked = {}  # what came to nothing, and the model has gone on without
            self._name = message.message_id
            self.uses += uses
            calls = (use for use in uses if use.name == asked.TOOL)
            self._asked |= {use.id: asked.read(use.input, use.id) for use in calls}
        elif isinstance(message, UserMessage) and isinstance(message.content, list):
            for block in message.content:
                if isinstance(block, ToolResultBlock) and not _is_stopped(block):
                    self._asked.pop(block.tool_use_id, None)

    def questions(self, others: Iterable[Asked] = ()) -> list[Asked]:
        """Return what nobody has answered, that too which the end of the turn cut off.

        `others` are questions whose calls it may not have heard.
        """
        found = [one for call in self._asked.values() for one in call]
        return [*found, *(one for one in others if one.key not in self._asked)]


def _is_stopped(result: ToolResultBlock) -> bool:
    """Tell whether a question was cut off by the end of its turn, and is no call that makes no sense."""
    return bool(result.is_error) and _WRONG not in str(result.content)
