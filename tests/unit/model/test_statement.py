import msgspec

from pmrunnerd.model.statement import PREDICATE, TYPE, Statement
from tests.unit.rules.proof.samples import SOURCE, TREE, run, statement


def test_a_statement_has_the_shape_of_in_toto() -> None:
    plain = msgspec.to_builtins(statement(msgspec.json.encode(run())))

    assert plain["_type"] == TYPE == "https://in-toto.io/Statement/v1"
    assert plain["predicateType"] == PREDICATE
    assert [one["digest"] for one in plain["subject"]] == [{"sha256": TREE}]
    assert plain["predicate"]["source"] == SOURCE
    assert plain["predicate"]["gitTree"]


def test_what_is_said_only_where_it_is_so_is_left_out_elsewhere() -> None:
    plain = msgspec.to_builtins(statement(msgspec.json.encode(run())))

    assert "unconfined" not in plain["predicate"]
    assert "weaker" not in plain["predicate"]["gates"]
    assert msgspec.convert(plain, Statement) == statement(msgspec.json.encode(run()))
