"""Fax numbers: what is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spooler.numbers import NumberError, normalise


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("5552001", "5552001"),
        ("+49 (30) 123-456.78/9", "+493012345678" + "9"),
        ("  [0] 30\t12 ", "03012"),
        ("(+49) 30 1", "+49301"),
        ("0,,123w45p6*7#", "0,,123w45p6*7#"),
        ("030\u00a0123\u201145", "03012345"),
        ("tel:+1-201-555-0123", "+12015550123"),
        ("TEL:555;phone-context=example.com", "555"),
        ("tel:7042;phone-context=+1-914-555", "+19145557042"),
        ("tel:%2B49301", "+49301"),
    ],
)
def test_separators_are_taken_out_and_marks_are_kept(written: str, kept: str) -> None:
    assert normalise(written) == kept


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("", "no digits"),
        ("  ", "no digits"),
        ("*#", "no digits"),
        ("12a4", "'a'"),
        ("555-FAX", "'F'"),
        ("12+34", "in front"),
        ("++1", "in front"),
        ("1234\n5", "'\\n'"),
        ("１２３", "cannot be dialled"),
        ("1" * 65, "longer"),
        ("1;ATH", "';'"),
        ("tel:+1;ext=5", "'ext'"),
        ("tel:", "no digits"),
    ],
)
def test_anything_else_is_refused_with_the_reason(written: str, word: str) -> None:
    with pytest.raises(NumberError, match=r"not a fax number|cannot be dialled") as refused:
        normalise(written)
    assert word in str(refused.value)


@given(st.text(alphabet="0123456789+*#,wp -./()[]aWé\u00a0", max_size=80))
def test_normalising_again_changes_nothing_and_only_dialling_marks_remain(written: str) -> None:
    try:
        kept = normalise(written)
    except NumberError:
        return
    assert normalise(kept) == kept
    assert set(kept[1:]) <= set("0123456789*#,wp")
    assert [c for c in kept if c.isdigit()] == [c for c in written if c.isdigit()]
