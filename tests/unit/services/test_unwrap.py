from importlib.util import module_from_spec
from types import CodeType

from pmrunnerd.services.unwrap import Unwrapped


def _code(text: str) -> CodeType:
    return compile(text, "x.py", "exec")


def test_what_it_does_not_hold_is_left_to_others() -> None:
    unwrapped = Unwrapped({"a.b.c": _code("")})

    for name in ("json", "a.b.d", "b", "a.b.c.d", "a.bc"):
        assert unwrapped.find_spec(name) is None


def test_what_its_modules_are_in_is_an_empty_package() -> None:
    unwrapped = Unwrapped(
        {"a.b": _code("here = __package__"), "a.b.c": _code("here = __package__")}
    )
    heres = []
    for name in ("a", "a.b", "a.b.c"):
        spec = unwrapped.find_spec(name)
        assert spec is not None
        module = module_from_spec(spec)
        unwrapped.exec_module(module)
        heres.append((vars(module).get("here"), hasattr(module, "__path__")))

    assert heres == [(None, True), ("a.b", True), ("a.b", False)]
