import time

import pytest

from pmrunnerd.model.errors import Refused
from pmrunnerd.model.gates import Counted
from pmrunnerd.rules.gates.junit import DEEPEST, LARGEST, MOST, NAMED, count, failed

PYTEST = b"""<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite
name="pytest" errors="0" failures="1" skipped="1" tests="4" time="0.1"><testcase classname="t" name="a"/>
<testcase name="b"><failure message="assert 0">x &lt; y</failure></testcase>
<testcase name="c"><skipped type="pytest.skip" message="no"/></testcase>
<testcase name="d"><system-out><![CDATA[<failure/>]]></system-out></testcase></testsuite></testsuites>"""
JEST = b"""<testsuites name="jest tests" tests="2" failures="0" errors="0"><testsuite name="x" errors="0"
failures="0" skipped="1" tests="2"><testcase name="a"/><testcase name="b"><skipped/></testcase>
</testsuite></testsuites>"""
GO = b"""<testsuites tests="2" failures="1"><testsuite name="m/p" tests="2" failures="1"><properties>
<property name="go.version" value="go1.21"/></properties><testcase name="TestA"></testcase><testcase
name="TestB"><failure message="Failed"><![CDATA[x]]></failure></testcase></testsuite></testsuites>"""
GRADLE = b"""<testsuite name="com.X" tests="2" skipped="0" failures="0" errors="1"><properties/><testcase
name="a"/><testcase name="b"><error message="java.lang.Error" type="E">at x</error></testcase>
<system-out><![CDATA[]]></system-out></testsuite>"""
NESTED = b"""<testsuites><testsuite><testsuite><testcase/></testsuite><testcase/></testsuite>
<testsuite><testcase/></testsuite></testsuites>"""
GTEST = b"""<testsuites><testsuite><testcase status="run" result="completed"/>
<testcase status="notrun" result="suppressed"/></testsuite></testsuites>"""


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        (PYTEST, Counted(ran=3, failed=1, skipped=1)),
        (JEST, Counted(ran=1, skipped=1)),
        (GO, Counted(ran=2, failed=1)),
        (GRADLE, Counted(ran=2, failed=1)),
        (GTEST, Counted(ran=1, skipped=1)),
        (NESTED, Counted(ran=3)),
        (b"<testsuites/>", Counted(ran=0)),
        (NESTED.decode().encode("utf-16"), Counted(ran=3)),
        (
            b"<j:testsuite xmlns:j='x'><j:testcase><j:failure/></j:testcase></j:testsuite>",
            Counted(ran=1, failed=1),
        ),
    ],
    ids=["pytest", "jest", "go", "gradle", "gtest", "nested", "empty", "utf-16", "prefixed"],
)
def test_the_cases_of_each_dialect_are_counted(text: bytes, counted: Counted) -> None:
    assert count(text) == counted


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        (b'<testsuite tests="1000" failures="0"/>', Counted(ran=0)),
        (b'<testsuite tests="1000"><testcase/></testsuite>', Counted(ran=1)),
        (
            b'<testsuite failures="0"><testcase><failure/></testcase></testsuite>',
            Counted(ran=1, failed=1),
        ),
        (
            b"<testsuite><testcase><skipped/><failure/></testcase></testsuite>",
            Counted(ran=1, failed=1),
        ),
        (
            b"<testsuite><testcase><failure/><error/></testcase></testsuite>",
            Counted(ran=1, failed=1),
        ),
        (b'<testsuite><testcase status="failed"/></testsuite>', Counted(ran=1, failed=1)),
        (b"<testsuite><error>setup</error></testsuite>", Counted(ran=1, failed=1)),
        (b"<testsuite><properties><testcase/></properties></testsuite>", Counted(ran=1)),
    ],
)
def test_what_suites_claim_is_not_believed(text: bytes, counted: Counted) -> None:
    assert count(text) == counted


BOMB = b"""<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<testsuite><testcase name="&b;"/></testsuite>"""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "no XML"),
        (b"1000 passed", "no XML"),
        (b"<testsuite><testcase></testsuite>", "no XML"),
        (b"<testsuite/><testsuite/>", "no XML"),
        (b"\x00" * 101, "no XML"),
        (b"0" * 101, "no XML"),
        (b"<testsuite>&unknown;</testsuite>", "no XML"),
        (b'<?xml version="1.0" encoding="no-such"?><testsuite/>', "no XML"),
        (BOMB, "document type"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><testsuite/>', "document type"),
        (b"<html><testcase/></html>", "begins with <html>"),
        (b"<testsuite><testcase><testcase/></testcase></testsuite>", "a case within a case"),
        (b"<testsuite>" * (DEEPEST + 1), "nested deeper"),
        (b"<testsuite>" + b"<a/>" * MOST, "elements"),
        (b"x" * (LARGEST + 1), "more than 32 MiB"),
    ],
    ids=range(15),
)
def test_a_file_that_cannot_be_believed_counts_for_nothing(text: bytes, why: str) -> None:
    with pytest.raises(Refused, match=f"cannot count the tests: .*{why}"):
        count(text)


def test_a_large_file_is_counted_in_good_time() -> None:
    case = b'<testcase name="x" classname="a.b.c" time="0.001"></testcase>\n'
    text = b"<testsuite>" + case * 100_000 + b"</testsuite>"
    began = time.process_time()

    assert count(text) == Counted(ran=100_000)
    assert time.process_time() - began < 5


def test_the_cases_that_failed_are_named_as_far_as_anybody_reads() -> None:
    case = b'<testcase classname="t.A" name="b"><failure/></testcase><testcase name="good"/>'
    assert failed(b"<testsuite>" + case + b"</testsuite>") == ("t.A.b",)
    many = b"<testsuite>" + case * 1000 + b"</testsuite>"
    assert len(failed(many)) == NAMED
