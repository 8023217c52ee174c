"""Tables of text as samples: what becomes data and label, what is refused, what is said."""

import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphnet.data.csv import table as module
from graphnet.data.csv.column_roles import TableOptions
from graphnet.data.csv.table import CsvTable
from graphnet.errors import DataError


def csv_table(tmp_path, text, **options):
    path = tmp_path / "a.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return CsvTable(path, TableOptions(**options))


def everything(samples):
    return samples.rows(np.arange(samples.n_rows))


def test_table(tmp_path):
    """Headings are seen; the label's column is found by heading, number, or is the last."""
    text = "a,label,b\n1,2,3.5\n\n4, 0,6\n"
    table = csv_table(tmp_path, text)
    found = everything(table)
    assert found["data"].tolist() == [[1, 3.5], [4, 6]]
    assert (found["data"].dtype, found["label"].dtype) == (np.float32, np.int32)
    assert found["label"].tolist() == [2, 0]
    assert table.data_sets == {"data": (np.dtype("f4"), (2,)), "label": (np.dtype("i4"), ())}
    assert table.rows(np.array([1]))["data"].tolist() == [[4, 6]]
    assert table.where(1) == f"{tmp_path}/a.csv:4"
    assert everything(csv_table(tmp_path, text, label="b"))["label"].tolist() == [3.5, 6]
    assert everything(csv_table(tmp_path, text, label="0"))["label"].tolist() == [1, 4]
    bare = csv_table(tmp_path, "1,2,3\n4,5,6\n")
    assert everything(bare)["label"].tolist() == [3, 6]
    assert everything(csv_table(tmp_path, "1,2,3\n4,5,6\n", label="-2"))["label"].tolist() == [2, 5]


def test_a_label_in_capitals(tmp_path):
    """It is the label, not a feature; which columns are what is said."""
    table = csv_table(tmp_path, "Label;x;y\n0;1.5;2\n1;2.5;3\n")
    assert everything(table)["label"].tolist() == [0, 1]
    assert table.notes == [
        ("read as", "UTF-8, columns separated by semicolons, headings in line 1"),
        ("label", "column 'Label'"),
        ("data", "'x', 'y'"),
    ]


def test_words(tmp_path):
    """Words are classes, numbered in alphabetical order."""
    found = csv_table(tmp_path, "\ufeff1,dog\n2,cat\n3, dog\n")
    assert found.classes == ["cat", "dog"]
    assert found.labels.tolist() == [1, 0, 1]
    odd = csv_table(tmp_path, "x,label\n1,dog\n2,nan\n")
    assert ("note", "a class is called 'nan': is its name missing?") in odd.notes


THOUSANDS = "is read with a decimal point: is it a mark between thousands?"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x;label\n999;0\n1.234;1\n", "'x': 1.234"),
        ("x;label\n0;0\n-12.500;1\n", "'x': -12.500"),
        ("x;y;z;label\n1.000;1.5;1.000;0\n2.000;2;7;1\n", "'x', 'z': 1.000"),
        ("x\tlabel\n1\t1.000\n2\t2.000\n", "'label': 1.000"),
        ("1.500;2.500;7\n1;2;7\n", "2 columns without headings: 1.500"),
        ("x;label\n999;0\n1000;1\n", None),
        ("x;label\n1234;0\n1.234;1\n", None),
        ("x;label\n0.123;0\n1.234;1\n", None),
        ("x;label\n1.23;0\n1.234;1\n", None),
        ("x;label\n1.234e0;0\n1.234;1\n", None),
        ("x;label\n0.000;0\n1.234;1\n", None),
        ("x;label\n1;cat\n2;a 1.234\n", None),
        ("x,label\n999,0\n1.234,1\n", None),
    ],
)
def test_marks_between_thousands(tmp_path, monkeypatch, text, said):
    """Where a point may be one in all numbers of a column, it is said how it was read."""
    for n_cells in (1, module._BLOCK_CELLS):
        monkeypatch.setattr(module, "_BLOCK_CELLS", n_cells)
        notes = csv_table(tmp_path, text).notes
        found = [note for _, note in notes if THOUSANDS in note]
        assert found == ([f"{said} {THOUSANDS}"] if said else [])


def test_no_label(tmp_path):
    """All columns are features."""
    table = csv_table(tmp_path, "x\n1\n2\n", no_label=True)
    assert {name: rows.tolist() for name, rows in everything(table).items()} == {"data": [[1], [2]]}
    assert ("label", "none") in table.notes
    assert set(table.data_sets) == {"data"}


@pytest.mark.parametrize("heading", ["", "Unnamed: 0"])
@pytest.mark.parametrize("index", [(0, 1, 2), (7, 3, 5)])
def test_an_index(tmp_path, heading, index):
    """A first column without a name whose numbers are all different is left out, which is said."""
    rows = "".join(f"{i},{10 + k},1\n" for k, i in enumerate(index))
    table = csv_table(tmp_path, f"{heading},x,label\n{rows}")
    assert everything(table)["data"].tolist() == [[10], [11], [12]]
    assert table.data_sets["data"] == (np.dtype("f4"), (1,))
    name = f"column '{heading}'" if heading else "column 0 (from 0)"
    assert ("left out", f"{name}, an index") in table.notes


def test_what_may_be_an_index(tmp_path):
    """A column with a name, or with numbers twice, stays; that one counts the rows is said."""
    table = csv_table(tmp_path, "id,x,label\n1,5,0\n2,5,0\n3,5,0\n")
    assert everything(table)["data"].tolist() == [[1, 5], [2, 5], [3, 5]]
    assert table.notes[-1] == (
        "note",
        "column 'id' counts the rows: leave it out if it is an index",
    )
    assert csv_table(tmp_path, ",x,label\n1,5,0\n1,5,0\n").data_sets["data"][1] == (2,)
    table = csv_table(tmp_path, "id,x,label\n1,5,0\n2,5,0\n3,5,0\n", leave_out=("id",))
    assert ("left out", "column 'id'") in table.notes
    assert table.data_sets["data"][1] == (1,)


def test_comments_and_headings(tmp_path):
    """Comments are left out, which is said; one that fits is the headings, as NumPy writes them."""
    table = csv_table(tmp_path, "# made by a program\n# x,Label\n1,0\n#2,1\n3,1\n")
    assert everything(table)["data"].tolist() == [[1], [3]]
    assert table.notes[:3] == [
        ("read as", "UTF-8, columns separated by commas, headings in a comment"),
        ("left out", "3 lines of comments (#)"),
        ("label", "column 'Label'"),
    ]
    table = csv_table(tmp_path, "a,a,label\n1,2,3\n")
    assert ("note", "2 columns are headed 'a'") in table.notes


@pytest.mark.parametrize(
    ("cell", "value", "dtype"),
    [
        ("0.1", np.float32(0.1), "f4"),
        ("16777216", 2**24, "f4"),
        ("16777217", 2**24 + 1, "f8"),
        ("16777217.5", np.float32(16777217.5), "f4"),
        ("9007199254740991", 2**53 - 1, "f8"),
        ("1e300", 1e300, "f8"),
        ("1e-60", 1e-60, "f8"),
        ("1.822704095415498e-45", 1.822704095415498e-45, "f8"),
    ],
)
def test_numbers_that_float32_does_not_hold(tmp_path, cell, value, dtype):
    """They are kept as they are, in float64, which is said; decimals are rounded as always."""
    table = csv_table(tmp_path, f"a,b,label\n1,2,0\n3,{cell},1\n")
    data = everything(table)["data"]
    assert (data.dtype, data[1, 1]) == (np.dtype(dtype), value)
    said = ("data", f"as float64: float32 would not hold {cell} (line 3, column 'b')")
    assert (said in table.notes) is (dtype == "f8")


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", {}, "has no rows"),
        ("a,label\n", {}, "has no rows"),
        (
            "1,2\n1,2,3\n",
            {},
            r"a\.csv:2: 3 values, expected 2 as in line 1\n  it was read as UTF-8",
        ),
        ("x,label\n1,2\n,,\n", {}, r"a\.csv:3: 3 values, expected 2"),
        ("x,label\n1,2\n,2\n", {}, r"a\.csv:3, column 'x': the field is empty\n  fill in"),
        ("x,label\n1_000,2\n", {}, r"a\.csv:2, column 'x': '1_000' is not a plain number"),
        ("x,label\n9007199254740993,2\n", {}, r"a\.csv:2, column 'x': 9007199254740993 would be"),
        ("x,label\n1,1e300\n", {}, r"a\.csv:2, column 'label': '1e300' is too large for a label"),
        ("x,label\n1,\n", {}, r"a\.csv:2, column 'label': the label is missing"),
        ("1,2\n3,x\n", {}, r"a\.csv:2, column 1 \(from 0\): the label 'x' is a word"),
        ("a,b\n1,2\n", {}, "no heading says which column is the label: a, b"),
        ("a,b\n1,2\n", {"label": "c"}, r"has no column 'c'\n  it has: a, b"),
        ("1\n", {}, "has 1 column\n"),
        ("a;b\n1;2\n", {"delimiter": ","}, "has 1 column\n.* --delimiter"),
        ("a,label\n1,2\ndog,2\n", {}, r"a\.csv:3, column 'a': 'dog' is not .* line 2 has 1\n"),
        ("a,label\ndog,2\n1,2\n", {}, r"a\.csv:3, column 'a': 1 is a number, .*2 has 'dog'\n"),
    ],
)
def test_table_that_cannot_be_read(tmp_path, text, options, message):
    """The line, the column and the reason are named."""
    with pytest.raises(DataError, match=message):
        csv_table(tmp_path, text, **options)


def test_table_that_is_not_there(tmp_path):
    """Nor text of another encoding."""
    with pytest.raises(DataError, match=r"cannot read .*b\.csv: No such file"):
        CsvTable(tmp_path / "b.csv")
    with pytest.raises(DataError, match=r"a\.csv:2: byte e9 is not text in UTF-8"):
        csv_table(tmp_path, b"x,label\n\xe9,1\n")


def test_no_room(tmp_path, monkeypatch):
    """The numbers wait in a temporary file; where it does not fit is said."""

    class Full(io.BytesIO):
        def write(self, _content):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.tempfile, "TemporaryFile", Full)
    with pytest.raises(DataError, match=r"no room for the numbers of .*a\.csv in .*\n  set TMPDIR"):
        csv_table(tmp_path, "1,2\n")


def test_blocks(tmp_path, monkeypatch):
    """Many rows are read a block at a time, and are the same."""
    monkeypatch.setattr(module, "_BLOCK_CELLS", 7)
    text = "".join(f"{i},{i * i},{i % 3}\n" for i in range(100)) + "16777217,1,0\n"
    table = csv_table(tmp_path, text, headings=False)
    assert everything(table)["data"][:100].tolist() == [[i, i * i] for i in range(100)]
    assert any("line 101" in text for _, text in table.notes)


CELLS = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["1_0", "nan", "", " 7 ", "0x1", "1e400", "1e-400", "٣", "x", "1,5"]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=4))
def test_no_number_becomes_another(tmp_path, rows):
    """A table is refused, or each value is its cell's number as near as its type can be."""
    text = "a;b;label\n" + "".join(";".join(row) + "\n" for row in rows)
    try:
        table = csv_table(tmp_path, text)
    except DataError as error:
        place = str(error)
    else:
        place = ""
    if place:
        assert place.startswith(f"{tmp_path}/a.csv:")
        return
    found = everything(table)
    columns = table.recipe.columns
    for row, data, label in zip(rows, found["data"], found["label"], strict=True):
        values = [table.classes[label] if table.classes else label.item()]
        features = data.tolist()
        for column in reversed(columns):
            part = [features.pop() for _ in column.features][::-1]
            values[:0] = [column.words[part.index(1)]] if column.type == "words" else part
        assert not features
        for cell, value in zip(row, values, strict=True):
            if isinstance(value, str):
                assert value == cell.strip()
                continue
            exact = int(cell) if cell.strip().lstrip("+-").isdigit() else float(cell)
            is_exact = isinstance(exact, int) or (exact.is_integer() and abs(exact) < 2**24)
            assert value == (exact if is_exact else pytest.approx(exact, rel=1e-6, abs=0))


PEOPLE = """name;age;colour;born;height;kind
ann;30;red;1990-01-02;1.5;a
bob;;blue;1991-01-02;1.7;b
cid;50;NA;1992-01-02;1.9;a
dan;40;red;1993-01-02;;b
"""
LEFT_OUT = {"leave_out": ("name", "born"), "label": "kind"}


def test_words_and_gaps(tmp_path):
    """A word is a feature, a gap what its rule says; training rows alone say what the mean is."""
    table = csv_table(tmp_path, PEOPLE, missing=("mean", "age=feature"), **LEFT_OUT)
    assert table.recipe.features == (
        *("age", "age missing", "colour=blue", "colour=red", "colour missing", "height"),
    )
    table.fit(np.array([3, 0]))
    data = everything(table)["data"]
    assert data.tolist() == [
        [30, 0, 0, 1, 0, 1.5],
        [35, 1, 1, 0, 0, np.float32(1.7)],
        [50, 0, 0, 0, 1, np.float32(1.9)],
        [40, 0, 0, 1, 0, 1.5],
    ]
    assert table.data_sets["data"] == (np.dtype("f4"), (6,))
    assert table.column_table == [
        ("age", "numbers", "0 to 1", "1 (the mean, 35, and a feature)"),
        ("colour", "words: blue, red", "2 to 4", "1 (a word of their own)"),
        ("height", "numbers", "5", "1 (the mean, 1.5)"),
    ]


def test_new_rows_get_the_same_features(tmp_path):
    """What the recipe makes of the cells is what was packed, bit for bit."""
    rng = np.random.default_rng(0)
    lines = [
        f"{rng.normal(50, 20)!r},{'' if i % 7 == 0 else i * i},{'abc'[i % 3]},{i % 2}\n"
        for i in range(60)
    ]
    table = csv_table(
        tmp_path,
        "x,y,z,label\n" + "".join(lines),
        missing=("feature",),
        index=("z",),
        standardize=True,
    )
    table.fit(np.arange(0, 60, 2))
    cells = [line.split(",")[:3] for line in lines]
    codes = np.array([table.recipe.codes(row, "f") for row in cells])
    packed = everything(table)["data"]
    assert packed.tobytes() == table.recipe.values(codes).tobytes()
    train = packed[::2, 0].astype(np.float64)
    assert (train.mean(), train.std()) == (pytest.approx(0, abs=1e-6), pytest.approx(1))
    kinds = [row[1] for row in table.column_table]
    assert kinds[0].startswith("numbers, less 47.67, divided by 18.87")
    assert kinds[2] == "words, as 0 to 2: a, b, c"


def test_rows_with_gaps_may_be_left_out(tmp_path):
    """How many is said; those without a label go too."""
    text = PEOPLE + "eve;1;red;1993-01-02;1;\n"
    table = csv_table(tmp_path, text, missing=("drop",), **LEFT_OUT)
    assert everything(table)["data"].tolist() == [[30, 1, 1.5]]
    assert ("left out", "4 rows with gaps") in table.notes
    assert table.where(0).endswith("a.csv:2")
    with pytest.raises(DataError, match=r"every row has a gap\n  fill them: --missing mean"):
        csv_table(tmp_path, "x,label\n,1\n", missing=("drop",))


def test_zero_for_gaps(tmp_path):
    """It is brought to the scale of the others."""
    table = csv_table(tmp_path, "x,label\n2,0\n,1\n4,1\n", missing=("zero",), standardize=True)
    assert everything(table)["data"].tolist() == [[-1], [-3], [1]]
    assert table.column_table[0][3] == "1 (0)"


def test_numbers_may_be_words(tmp_path):
    """Where the user says so; the numbers among words then too."""
    text = "zip,n,label\n01234,1,0\n98765,2,1\n01234,x,0\n"
    table = csv_table(tmp_path, text, one_hot=("zip", "n"))
    assert table.recipe.features == ("zip=01234", "zip=98765", "n=1", "n=2", "n=x")
    assert everything(table)["data"].tolist() == [[1, 0, 1, 0, 0], [0, 1, 0, 1, 0], [1, 0, 0, 0, 1]]


def test_several_labels(tmp_path):
    """Numbers in a row of ``label``, in the order they are named, in a type that holds all."""
    text = "x,b,a\n1,2,0.5\n2,3,1.5\n"
    table = csv_table(tmp_path, text, label=("a", "b"))
    assert everything(table)["label"].tolist() == [[0.5, 2], [1.5, 3]]
    assert table.data_sets["label"][1] == (2,)
    assert ("label", "'a', 'b'") in table.notes
    assert [source.place for source in table.recipe.labels] == [2, 1]
    with pytest.raises(DataError, match="column 'b' holds words, such as 'y'\n  several labels"):
        csv_table(tmp_path, "x,b,a\n1,y,0.5\n", label=("a", "b"))


def test_weights(tmp_path):
    """A data set of their own."""
    table = csv_table(tmp_path, "x,w,label\n1,2.5,0\n2,0,1\n", weight="w")
    found = everything(table)
    assert (found["data"].tolist(), found["weight"].tolist()) == ([[1], [2]], [2.5, 0])
    assert found["weight"].dtype == np.float32 == table.data_sets["weight"][0]
    assert table.recipe.weight.heading == "w"
    for cell, said in (("-1", "the weight is -1"), ("", "the field is empty"), ("x", "'x' is not")):
        with pytest.raises(DataError, match=f"column 'w': {said}"):
            csv_table(tmp_path, f"x,w,label\n1,{cell},0\n", weight="w")


def test_doubts(tmp_path):
    """What is unlikely to be meant is said."""
    text = "d,c,label\n20240131,Red,0\n20240228,red,1\n20231231,none,1\n"
    notes = [text for name, text in csv_table(tmp_path, text).notes if name == "note"]
    assert notes == [
        "column 'd' looks like dates (YYYYMMDD): as numbers they are unequal steps",
        "column 'c' has the word 'none': is it a gap?",
        "column 'c' has words that differ in case alone: Red, red",
    ]


def test_a_gap_before_the_first_number(tmp_path):
    """A column is decided by its first cell that is no gap, and held to it."""
    table = csv_table(tmp_path, "x,y,label\n,1,0\n,2,1\n3,3,0\n", missing=("mean",))
    assert everything(table)["data"].tolist() == [[3, 1], [3, 2], [3, 3]]
    with pytest.raises(DataError, match=r"a.csv:5, column 'x': 'w' is not .* line 4 has 3"):
        csv_table(tmp_path, "x,y,label\n,1,0\n,2,1\n3,3,0\nw,1,1\n", missing=("mean",))
    with pytest.raises(DataError, match="column 'x' has nothing but gaps\n  leave it out"):
        csv_table(tmp_path, "x,y,label\n,1,0\n,2,1\n", missing=("mean",))
