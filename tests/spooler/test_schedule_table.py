"""A table is a dict, in one part and in many."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spooler.schedule_table import WHOLE, Table

changes = st.lists(st.tuples(st.sampled_from(["set", "keep", "del", "pop"]), st.integers(-3, 3)), max_size=30)


@given(before=st.sampled_from([0, 1, WHOLE - 1, WHOLE, WHOLE + 1, 3 * WHOLE]), changes=changes)
def test_a_table_holds_what_a_dict_holds(before: int, changes: list[tuple[str, int]]) -> None:
    table: Table[tuple[str, int], int] = Table()
    plain: dict[tuple[str, int], int] = {}
    for number in range(before):
        table["x", number] = plain["x", number] = number
    for count, (change, number) in enumerate(changes):
        key = ("x", number)
        if change == "set":
            table[key] = plain[key] = count
        elif change == "keep":
            assert table.setdefault(key, count) == plain.setdefault(key, count)
        elif change == "pop":
            assert table.pop(key) == plain.pop(key, None)
        elif key in plain:
            del table[key], plain[key]
        assert table.get(key) == plain.get(key)
    assert bool(table) == bool(plain)
    assert sorted(table) == sorted(plain)
    assert sorted(table.values()) == sorted(plain.values())
    assert all(table[key] == value for key, value in plain.items())
