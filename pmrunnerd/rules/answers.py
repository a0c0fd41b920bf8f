"""What a person's answer means for the task that waits for it."""

from pmrunnerd.model import events as ev
from pmrunnerd.model.errors import BadRequest, Conflict, Refused
from pmrunnerd.model.questions import CLOSED, INSTEAD, OPTIONS, OVER, chosen, meant
from pmrunnerd.model.state import State
from pmrunnerd.rules.plans import with_consequences

Facts = tuple[ev.AnyEvent, ...]


def answer(state: State, question: str, text: str, by: str) -> Facts:
    """Answer a question; the last one of a task puts the task back in the queue."""
    asked = state.question(question)
    text = chosen(asked.kind, text)
    if asked.answer is not None:
        if asked.answer.text == text:
            return ()
        raise Conflict(
            f"cannot answer {question}: it was answered by {asked.answer.by} at {asked.answer.at}",
            hint=f"pmrunnerctl task show {asked.task}",
        )
    if asked.withdrawn:
        raise Refused(
            f"cannot answer {question}: its task {asked.task} was cancelled",
            hint=f"pmrunnerctl task retry {asked.task}",
        )
    allowed = OPTIONS.get(asked.kind, ())
    if asked.kind in CLOSED and text not in allowed:
        raise BadRequest(
            f"cannot answer {question} with {text!r}: it is {' or '.join(map(repr, allowed))}",
            hint=f"pmrunnerctl answer {question} --option 1   # {allowed[0]}",
        )
    if option := meant(asked.kind, text):
        number = allowed.index(option) + 1
        raise BadRequest(
            f"cannot answer {question} with {text!r}: {INSTEAD[asked.kind]};"
            f" it is {' or '.join(map(repr, allowed))}",
            hint=f"pmrunnerctl answer {question} --option {number}   # {option}",
        )
    fact = ev.QuestionAnswered(question=question, project=asked.project, text=text, by=by)
    task = state.task(asked.task)
    if text in OVER and text in allowed:
        over = ev.TaskCancelled(task=task.id, project=task.project, by=by)
        return with_consequences(state, [fact, over])
    if [q.id for q in state.open_questions(task)] != [question]:
        return (fact,)
    return (fact, ev.TaskAnswered(task=task.id, project=task.project))
