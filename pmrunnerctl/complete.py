"""What can be typed next, as the daemon knows it: names of projects, plans, tasks, runs, questions.

A shell asks while somebody types. Whatever is wrong is no completion, and never a message; a daemon
that does not answer at once is not waited for.
"""

import contextlib
from collections.abc import Callable, Iterable

import click

from pmrunnerctl.client import Client
from pmrunnerctl.exits import Cannot
from pmrunnerctl.session import Session
from pmrunnerd.model import protocol as p

WITHIN = 1.0
MOST = 100

Names = Callable[[Client], Iterable[str]]


def _completing(names: Names) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    def complete(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
        session = context.find_object(Session)
        if session is None:
            return []
        try:
            place = session.place
            client = Client(place, patience=0, tell=lambda _: None, answer_within=WITHIN)
            with contextlib.closing(client):
                found = list(names(client))
        except Cannot:
            return []
        return [name for name in found if name.startswith(incomplete)]

    return complete


def _aliases(client: Client) -> Iterable[str]:
    return (row.alias for row in client.call(p.ProjectList()).projects)


def _plans(client: Client) -> Iterable[str]:
    return (row.plan.id for row in client.call(p.PlanList(limit=MOST)).plans)


def _tasks(client: Client) -> Iterable[str]:
    return (row.task.id for row in client.call(p.TaskList(limit=MOST)).tasks)


def _runs(client: Client) -> Iterable[str]:
    return (row.run.id for row in client.call(p.RunList(limit=MOST)).runs)


def _gate_runs(client: Client) -> Iterable[str]:
    return (row.id for row in client.call(p.GateList(limit=MOST)).runs)


def _promotions(client: Client) -> Iterable[str]:
    return (row.promotion.id for row in client.call(p.PromotionList(limit=MOST)).promotions)


def _questions(client: Client) -> Iterable[str]:
    items = client.call(p.Inbox()).items
    return (item.id for item in items if item.kind == "question")


aliases = _completing(_aliases)
plans = _completing(_plans)
tasks = _completing(_tasks)
runs = _completing(_runs)
gate_runs = _completing(_gate_runs)
promotions = _completing(_promotions)
questions = _completing(_questions)
