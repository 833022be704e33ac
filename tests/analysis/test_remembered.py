"""Analyses are computed once in a block, and anew outside of it."""

from __future__ import annotations

import pandas as pd

from ccbench.analysis.remembered import Results, remembered, remembers


class Counted:
    """An analysis that counts how often it is computed."""

    def __init__(self) -> None:
        self.times = 0

        @remembers
        def doubled(table: pd.DataFrame) -> pd.DataFrame:
            """Double it."""
            self.times += 1
            return table * 2

        self.analysis = doubled


def test_outside_of_a_block_all_is_computed_anew() -> None:
    counted, table = Counted(), pd.DataFrame({"a": [1]})
    counted.analysis(table)
    table.loc[0, "a"] = 5
    assert counted.analysis(table)["a"].tolist() == [10]
    assert counted.times == 2
    assert counted.analysis.__doc__ == "Double it."


def test_in_a_block_once_for_each_table() -> None:
    counted = Counted()
    one, other = pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]})
    with remembered():
        for table in (one, other, one, one):
            assert counted.analysis(table)["a"].tolist() == [2]
        with remembered():
            counted.analysis(other)
        assert counted.times == 2
    counted.analysis(one)
    assert counted.times == 3
    with remembered():
        counted.analysis(one)
    assert counted.times == 4


def test_a_result_may_be_changed() -> None:
    counted, table = Counted(), pd.DataFrame({"a": [1]})
    with remembered():
        first = counted.analysis(table)
        first["b"] = 0
        first.loc[0, "a"] = 7
        assert counted.analysis(table).to_dict("list") == {"a": [2]}
    assert counted.times == 1


def test_a_table_that_is_gone_gives_its_place_to_no_other() -> None:
    counted = Counted()
    with remembered():
        found = [counted.analysis(pd.DataFrame({"a": [i]}))["a"].tolist() for i in range(50)]
    assert found == [[2 * i] for i in range(50)]


def test_a_table_may_be_given_by_name() -> None:
    table = pd.DataFrame({"a": [1]})
    analysis = Counted().analysis
    assert analysis(table=table).equals(analysis(table))
    with remembered():
        assert analysis(table=table).equals(analysis(table))


def test_another_block_goes_on_with_the_results_of_an_earlier_one() -> None:
    counted, table = Counted(), pd.DataFrame({"a": [1]})
    results: Results = {}
    for _ in range(2):
        with remembered(results):
            counted.analysis(table)
    assert counted.times == 1
