import pytest

from pmrunnerd.rules.evidence.words import is_sentence, is_unseen, plain, seen, sentences, spelt


@pytest.mark.parametrize(
    "text",
    [
        "0" * 101,
        "0 1 2 3 4 5 6 7 8 9",
        "x x x x x x x x x x",
        "b c d e f g h",
        "the the the the the the",
        "fixed a bug",
        "\u200b \u200b \u200b \u200b \u200b \u200b",
        "\u3164 \u115f \u1160 \uffa0 \u2800 a",
        "... --- ... --- ... --- ...",
        "",
    ],
)
def test_what_says_nothing_is_no_sentence(text: str) -> None:
    assert not is_sentence(text)


@pytest.mark.parametrize(
    "text",
    [
        "A torn tail is cut.",
        "Eine halbe Zeile wird abgeschnitten.",
        "末尾の行を切り取る",
        "บรรทัดสุดท้ายถูกตัด",
        "마지막 줄의 반은 잘라 냅니다",
        "Половина строки в конце отрезана",
    ],
)
def test_a_sentence_is_one_in_any_language(text: str) -> None:
    assert is_sentence(text)


def test_texts_are_equal_whatever_their_case_and_punctuation() -> None:
    assert plain("  Fix: the  STORE’s tail!! ") == plain("fix the store s tail")
    assert plain("ﬁx_it") == plain("Fix it")
    assert plain("fi\u200bx") == plain("fix")
    assert plain("fix it") != plain("fix them")


@pytest.mark.parametrize(
    "character", ["\u202e", "\u2066", "\u200b", "\ufeff", "\x1b", "\u2028", "\u3164"]
)
def test_what_nobody_sees_is_found_and_can_be_spelt(character: str) -> None:
    assert is_unseen(character)
    assert seen(f"a{character}b") == "ab"
    assert spelt(f"a{character}b").isprintable()
    assert spelt(f"a{character}b") != "ab"


def test_letters_and_pictures_that_need_a_joiner_keep_it() -> None:
    assert not any(map(is_unseen, "می\u200cخواهم 👩\u200d💻 e\u0301\t"))
    assert spelt("می\u200cخواهم") == "می\u200cخواهم"


def test_a_sentence_ends_with_its_paragraph_its_item_or_its_mark() -> None:
    text = "One is\nhere. Two is there!\n\n- three\n  goes on\n- [x] four\n> five\n| six | 6 |\n7) seven"

    assert sentences(text.split("\n")) == [
        *("One is here.", "Two is there!", "three goes on"),
        *("four five", "| six | 6 |", "seven"),
    ]
