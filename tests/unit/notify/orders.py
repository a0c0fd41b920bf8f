"""An order to test with."""

from pmrunnerd.model.notices import About, Notification, Order, Urgency, Webhook, What

LISTED = ("127.0.0.0/8",)
NOTIFICATION = Notification(
    id="n1",
    at="2026-01-01T00:00:00.000Z",
    environment="prod",
    title="pm-runner prod: a question waits",
    text="cake q7: Which flour?",
    urgency=Urgency.HIGH,
    about=(About(what=What.QUESTION, id="q7", text="Which flour?", project="cake"),),
    command="pmrunnerctl --env prod inbox",
)


def order(url: str, private: tuple[str, ...] = LISTED, proxy: str = "") -> Order:
    return Order(notification=NOTIFICATION, target=Webhook(url=url), private=private, proxy=proxy)
