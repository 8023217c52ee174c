"""What ``graphnet test`` found, printed: tables of classes, the confusion, the worst rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphnet.amounts import exact_text
from graphnet.cli.output.terminal import facts, say, table
from graphnet.data.text_file import one_line

#: The most classes of whom all is shown.
_MOST_CLASSES = 20
_MOST_CONFUSED = 10
_MOST_NAME, _NARROW_NAME = 24, 15


def print_measures(found: Mapping[str, Any], label: str) -> None:
    """Print it.

    Args:
        found: As ``--json`` prints it; empty if nothing was judged.
        label: The blob with what is right.
    """
    match found.get("kind"):
        case "classes":
            _print_classes(found, label, ("macro", "weighted"))
            _print_confusion(found)
        case "tags" if "per_class" in found:
            _print_classes(found, label, ("macro", "micro"))
        case "numbers" if "mae" in found:
            say()
            r2 = "none: too few rows" if found["r2"] is None else f"{found['r2']:.6g}"
            facts([("MAE", f"{found['mae']:.6g}"), ("RMSE", f"{found['rmse']:.6g}"), ("R²", r2)])
    if found.get("worst"):
        _print_worst(found["worst"])


def _print_classes(found: Mapping[str, Any], label: str, means: Sequence[str]) -> None:
    each = found["per_class"]
    what = "tags" if found["kind"] == "tags" else "classes"
    say()
    weights = found.get("weights")
    weighed = f", rows weighed by '{weights}'" if weights else ""
    say(f"{len(each):,} {what} of '{label}'{weighed}")
    shown = each if len(each) <= _MOST_CLASSES else sorted(each, key=lambda one: one["f1"])
    rows = [_row(_name(one["class"]), one) for one in shown[:_MOST_CLASSES]]
    rows += [_row(f"{mean} mean", found[mean]) for mean in means]
    headings = ["class" if what == "classes" else "tag", ">precision", ">recall", ">F1"]
    last = ">weight" if weights else ">rows"
    without_auc = ([*headings, last], [[*row[:4], row[5]] for row in rows])
    table([*headings, ">AUC", last], rows, narrow=without_auc)
    if len(each) > _MOST_CLASSES:
        say(f"the {_MOST_CLASSES} with the lowest F1; --json has all")
    said = []
    if found.get("auc") is not None:
        said.append(("AUC", f"{found['auc']:.4f}"))
    said += [
        (f"top {k}", f"{value:.4f}") for k, value in found.get("top_k", {}).items() if k != "1"
    ]
    if "exact" in found:
        said += [("rows all right", f"{found['exact']:.4f}")]
        said += [("elements wrong", f"{found['hamming']:.4f}")]
    if said:
        facts(said)


def _row(name: str, one: Mapping[str, Any]) -> list[str]:
    numbers = [f"{one[key]:.4f}" for key in ("precision", "recall", "f1")]
    area = one.get("auc")
    support = one.get("support")
    return [
        name,
        *numbers,
        "" if area is None else f"{area:.4f}",
        "" if support is None else exact_text(support),
    ]


def _name(text: str, most: int = _MOST_NAME) -> str:
    text = one_line(text)
    return text if len(text) <= most else text[: most - 1] + "…"


def _print_confusion(found: Mapping[str, Any]) -> None:
    confusion, names = found["confusion"], found["classes"]
    n = len(names)
    pairs = [
        (count, i, j)
        for i, row in enumerate(confusion)
        for j, count in enumerate(row)
        if i != j and count
    ]
    if not pairs:
        return
    say()
    listed = sorted(pairs, key=lambda one: (-one[0], one[1:]))[:_MOST_CONFUSED]
    most_confused = (
        ["is", "taken for", ">times"],
        [[_name(names[i]), _name(names[j]), exact_text(count)] for count, i, j in listed],
    )
    if n > _MOST_CLASSES:
        say("most confused")
        table(*most_confused)
        return
    say("confusion: a line for what is right, a column for the answer")
    has_numbers = list(names) == [str(i) for i in range(n)]
    headings = ["", *(f">{i}" for i in range(n))]
    rows = [
        [
            str(i) if has_numbers else f"{i} {_name(name)}",
            *(exact_text(c) if c else "." for c in row),
        ]
        for i, (name, row) in enumerate(zip(names, confusion, strict=True))
    ]
    table(headings, rows, narrow=most_confused)


def _print_worst(worst: Sequence[Mapping[str, Any]]) -> None:
    say()
    say("worst rows")
    files = {one["file"] for one in worst}
    if len(files) == 1 and None not in files:
        say(f"in {one_line(str(worst[0]['file']))}")
    is_named = len(files) > 1
    headings = [*(["file"] if is_named else []), ">row"]
    headings += _detail_headings(worst[0])

    def rows(most: int) -> list[list[str]]:
        """With names of so many characters."""
        named = [[one_line(str(one["file"] or ""))] if is_named else [] for one in worst]
        return [
            [*file, str(one["row"]), *_detail(one, most)]
            for file, one in zip(named, worst, strict=True)
        ]

    table(headings, rows(_MOST_NAME), narrow=(headings, rows(_NARROW_NAME)), leave_out=("file",))


def _detail_headings(one: Mapping[str, Any]) -> list[str]:
    if "wrong" in one:
        return ["wrong tags"]
    return ["is", ">p", "answer", ">p"] if "p_label" in one else [">is", ">answer"]


def _detail(one: Mapping[str, Any], most: int) -> list[str]:
    if "wrong" in one:
        return [", ".join(_name(tag, most) for tag in one["wrong"]) or "none"]
    if "p_label" in one:
        label, answer = _name(one["label"], most), _name(one["answer"], most)
        return [label, _score(one["p_label"]), answer, _score(one["p_answer"])]
    return [_numbers(one["label"]), _numbers(one["answer"])]


def _score(value: float | None) -> str:
    return "nan" if value is None else f"{value:.4f}"


def _numbers(values: Sequence[float]) -> str:
    return " ".join(f"{value:.6g}" for value in values)
