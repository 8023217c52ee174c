"""The sections of a report, each from what is known of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import isfinite
from typing import Any

import numpy as np

from graphnet.amounts import exact_text, seconds_text
from graphnet.draw.chart import number
from graphnet.draw.pixels import Thumbnail, grid, is_picture
from graphnet.draw.theme import HEATS
from graphnet.report.answers import Answers, principal_components
from graphnet.report.page import data_table, facts_table, figure, folded, note, scrolled
from graphnet.report.scatter import embedding_picture, truth_picture
from graphnet.runs.found import PACE, FoundRun
from graphnet.runs.settings import value_text
from graphnet.timing import StepTime

#: Classes of which a matrix can be read, and pairs that are listed where there are more.
_MOST_CLASSES, _MOST_PAIRS = 30, 20
#: Filters that are shown, and points of a scatter.
_MOST_FILTERS, _MOST_POINTS = 64, 2000


def outcome(run: FoundRun) -> str:
    """What came out: the best and the last value of each statistic, and each start."""
    rows = []
    for key, values in run.statistics.items():
        if key in PACE or not values:
            continue
        last = max(values)
        best, at = run.best.get(key, (None, None))
        rows.append(
            (
                key,
                number(values[last]) if isfinite(values[last]) else str(values[last]),
                f"{last:,}",
                number(best) if best is not None and isfinite(best) else "",
                f"{at:,}" if at is not None else "",
            )
        )
    columns = ("statistic", ">last", ">at iteration", ">best", ">at iteration")
    figures = data_table("What was measured", columns, rows) or note("Nothing was recorded.")
    starts = [
        (
            str(start.get("time", "")),
            f"{int(start.get('from_iter') or 0):,}",
            f"{int(start['to_iter']):,}" if start.get("to_iter") is not None else "",
            seconds_text(float(start["seconds"])) if start.get("seconds") is not None else "",
            str(start.get("outcome") or "running or killed"),
        )
        for start in run.starts
    ]
    columns = ("started", ">from iteration", ">to", ">took", "ended")
    return figures + data_table("Every start of the run", columns, starts)


def asked(run: FoundRun, texts: Mapping[str, str]) -> str:
    """What was asked for: the solver's settings, and both files as they were recorded."""
    pairs = [
        (key, value_text(value))
        for key, value in run.settings.items()
        if not key.startswith("layers.")
    ]
    return facts_table("", pairs) + "".join(folded(name, text) for name, text in texts.items())


def mistakes(answers: Answers) -> str:
    """Who was taken for whom, or how far answers are from what is right."""
    match answers.kind:
        case "numbers":
            return _numbers(answers)
        case "tags":
            return _tags(answers.measures)
    names = answers.measures["classes"]
    counts = np.array(answers.measures["confusion"])
    right, total = counts.trace().item(), counts.sum().item()
    part = right / total if total else 0
    said = f"<p>{exact_text(right)} of {exact_text(total)} answers are right: {part:.2%}.</p>"
    said += facts_table("", _means(answers.measures))
    return said + (
        _matrix(counts, names) if len(counts) <= _MOST_CLASSES else _pairs(counts, names)
    )


def _means(measures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The measures that are one number each."""
    pairs = [("F1, mean of the classes", f"{measures['macro']['f1']:.4f}")]
    if measures.get("auc") is not None:
        pairs.append(("AUC", f"{measures['auc']:.4f}"))
    tops = measures.get("top_k", {}).items()
    return pairs + [(f"right among the first {k}", f"{v:.2%}") for k, v in tops if k != "1"]


def _pairs(counts: np.ndarray, names: Sequence[str]) -> str:
    """The pairs of classes that are most often mistaken."""
    off = counts - np.diag(counts.diagonal())
    order = np.argsort(-off, axis=None, kind="stable")[:_MOST_PAIRS]
    places = [np.unravel_index(i, off.shape) for i in order]
    rows = [
        (
            class_name(int(i), names),
            class_name(int(j), names),
            exact_text(off[i, j].item()),
            exact_text(counts[i].sum().item()),
        )
        for i, j in places
        if off[i, j]
    ]
    columns = ("is", "taken for", ">times", ">of")
    return data_table("The classes most often mistaken", columns, rows)


def _tags(measures: Mapping[str, Any]) -> str:
    """How well each tag is told."""
    if "per_class" not in measures:
        return note("There are too many answers to keep them all.")
    pairs = [
        ("rows all right", f"{measures['exact']:.2%}"),
        ("elements wrong", f"{measures['hamming']:.2%}"),
        *_means(measures),
    ]
    rows = [
        (
            one["class"],
            *(f"{one[key]:.4f}" for key in ("precision", "recall", "f1")),
            "" if one["auc"] is None else f"{one['auc']:.4f}",
            exact_text(one["support"]),
        )
        for one in measures["per_class"]
    ]
    columns = ("tag", ">precision", ">recall", ">F1", ">AUC", ">rows")
    return facts_table("", pairs) + data_table("Each tag", columns, rows)


def class_name(i: int, names: Sequence[str]) -> str:
    """The number of a class, and its name if that is known."""
    return f"{i} {names[i]}" if i < len(names) and names[i] != str(i) else str(i)


def _matrix(counts: np.ndarray, names: Sequence[str]) -> str:
    n = len(counts)
    head = "".join(f'<th scope="col">{i}</th>' for i in range(n))
    lines = []
    for i, row in enumerate(counts):
        total, right = row.sum().item(), row[i].item()
        cells = "".join(f'<td class="{_heat(c, total)}">{exact_text(c)}</td>' for c in row.tolist())
        recall = f"{right / total:.1%}" if total else ""
        name = escape(class_name(i, names))
        lines.append(f'<tr><th scope="row">{name}</th>{cells}<td>{recall}</td></tr>')
    precision = "".join(
        f"<td>{counts[i, i] / s:.1%}</td>" if (s := counts[:, i].sum()) else "<td></td>"
        for i in range(n)
    )
    lines.append(f'<tr><th scope="row">precision</th>{precision}<td></td></tr>')
    caption = "Rows: what is right. Columns: what was answered."
    table = (
        f'<table class="confusion"><caption>{caption}</caption><thead><tr><td></td>{head}'
        f'<th scope="col">recall</th></tr></thead><tbody>{"".join(lines)}</tbody></table>'
    )
    return scrolled(table, "confusion matrix")


def _heat(count: float, total: float) -> str:
    """The colour of a cell: none for nothing, and something for a single one."""
    return f"h{round((count / total) ** 0.5 * (HEATS - 1))}" if count and total else ""


def _numbers(answers: Answers) -> str:
    found = answers.measures
    if answers.points is None or "mae" not in found:
        return note("There are too many answers to keep them all.")
    pairs = [
        ("rows", f"{answers.n_rows:,}"),
        ("mean absolute error", number(found["mae"])),
        ("root of the mean squared error", number(found["rmse"])),
    ]
    if found["r2"] is not None:
        pairs.append(("R²", f"{found['r2']:.4f}"))
    truth, given = (np.asarray(x, np.float64).ravel() for x in answers.points)
    finite = np.isfinite(truth) & np.isfinite(given)
    truth, given = truth[finite], given[finite]
    if not truth.size:
        return facts_table("", pairs) + note("No answer is finite.")
    step = max(1, len(truth) // _MOST_POINTS)
    drawn = truth_picture("answers over what is right", truth[::step], given[::step])
    return facts_table("", pairs) + figure(drawn)


def worst(answers: Answers) -> str:
    """The rows that are answered worst: as pictures where they can be seen, else as a table."""
    if not answers.worst:
        return "" if answers.kind == "numbers" else "<p>No answer is wrong.</p>"
    pictures = answers.pictures or {}
    if answers.kind != "tags" and all(row.row in pictures for row in answers.worst):
        tiles = [
            Thumbnail(
                pictures[row.row],
                (
                    f"is {_said(row.detail['label'])}",
                    f"not {_said(row.detail['answer'])}",
                    f"row {row.row:,}",
                ),
            )
            for row in answers.worst
        ]
        return figure(
            grid("the worst answers, the worst first", tiles, side=72, width=700),
            "As the net saw them, each from its least to its greatest value."
            " Row: the place in the test data, from 0.",
        )
    caption = "The worst first. Row: the place in the test data, from 0."
    if answers.kind == "tags":
        wrong = [(f"{row.row:,}", ", ".join(row.detail["wrong"])) for row in answers.worst]
        return data_table(caption, (">row", "wrong tags"), wrong)
    rows = [
        (
            f"{row.row:,}",
            _said(row.detail["label"]),
            _said(row.detail["answer"]),
            number(row.cost),
        )
        for row in answers.worst
    ]
    cost = ">too sure by" if answers.kind == "classes" else ">error"
    return data_table(caption, (">row", "is", "answered", cost), rows)


def _said(value: str | Sequence[float]) -> str:
    """A class by its name, or the first numbers of a row."""
    return value if isinstance(value, str) else " ".join(number(v) for v in value)


def embedding(answers: Answers) -> str:
    """What the last layer but one makes of the test data, in two dimensions."""
    features, labels = answers.features, answers.feature_labels
    if features is None or labels is None or min(features.shape) < 2:  # noqa: PLR2004
        return ""
    if not np.isfinite(features).all() or not np.isfinite(labels).all():
        return ""
    places = principal_components(features)
    if answers.kind != "numbers":
        marks = [str(int(label)) for label in labels]
        what = "Each number is the class of a row"
    else:
        order = np.searchsorted(np.quantile(labels, (0.25, 0.5, 0.75)), labels)
        marks = [str(i + 1) for i in order]
        what = "Each number is the quarter that what is right lies in, 1 the lowest"
    n = features.shape[1]
    return figure(
        embedding_picture("what the last layer reads", places, marks),
        f"{len(places):,} rows of the test data; {n:,} numbers each, along the two directions in"
        f" which they differ most (PCA). {what}.",
    )


def filters(name: str, weights: np.ndarray, row: Sequence[int] | None) -> str:
    """The weights of the first layer as pictures; nothing if they cannot be seen.

    Args:
        name: Of the param.
        weights: ``(n, C, h, w)``, or ``(n, D)`` that reads rows of the shape ``row``.
        row: ``(C, H, W)`` of a row of the data, if that is known.
    """
    if weights.ndim == 2 and row is not None and is_picture(row):  # noqa: PLR2004
        if weights.shape[1] != np.prod(row):
            return ""
        weights = weights.reshape(-1, *row)
    if weights.ndim != 4 or not is_picture(weights.shape[1:]):  # noqa: PLR2004
        return ""
    shown = weights[:_MOST_FILTERS]
    most = float(np.abs(shown).max()) or 1.0
    tiles = [Thumbnail(one) for one in shown]
    count = f"{len(shown)} of {len(weights)}" if len(shown) < len(weights) else f"{len(weights)}"
    return figure(
        grid(f"{name}: {count}", tiles, side=48, width=700, scale=(-most, most)),
        f"Black is {-most:.3g}, grey 0, white {most:.3g}.",
    )


def gradients(pairs: Mapping[str, tuple[np.ndarray, ...]], batch: int) -> str:
    """How large gradients are beside the params they move.

    Args:
        pairs: Values and gradient of each param.
        batch: Samples that the gradients are the mean of.
    """
    rows = []
    for name, (values, gradient) in pairs.items():
        size, slope = (
            float(np.sqrt(np.square(x, dtype=np.float64).mean())) for x in (values, gradient)
        )
        part = f"{slope / size:.2e}" if size and isfinite(slope / size) else ""
        zero = f"{np.mean(gradient == 0):.1%}"
        rows.append((name, f"{values.size:,}", f"{size:.3g}", f"{slope:.3g}", part, zero))
    columns = ("param", ">numbers", ">size", ">gradient", ">ratio", ">of it 0")
    caption = (
        f"Of one batch of {batch:,} training samples at the newest snapshot."
        " Sizes are roots of mean squares."
    )
    return data_table(caption, columns, rows)


def timing(times: StepTime, batch: int) -> str:
    """Where the time of a step goes, on the machine that wrote the report."""
    rows = []
    for layer in times.layers:
        bar = f'<span class="meter" style="width:{layer.share * 8:.2f}rem"></span>'
        cells = (f"{layer.forward_ms:.3f}", f"{layer.backward_ms:.3f}", f"{layer.share:.1%}")
        numbers = "".join(f'<td class="n">{cell}</td>' for cell in cells)
        name, kind = escape(layer.name), escape(layer.type)
        rows.append(f'<tr><th scope="row">{name}</th><td>{kind}</td>{numbers}<td>{bar}</td></tr>')
    heads = ("layer", "type", ">forward ms", ">backward ms", ">share")
    head = "".join(
        f'<th scope="col"{" class=n" if h[0] == ">" else ""}>{h.removeprefix(">")}</th>'
        for h in heads
    )
    caption = (
        f"{times.step_ms:.3f} ms a step at batch {batch:,} (medians), on the machine that wrote"
        f" this page, which multiplies matrices at {times.matmul_gflops:.0f} GFLOP/s and copies"
        f" {times.copy_gbytes:.1f} GB/s"
    )
    table = (
        f"<table><caption>{caption}</caption><thead><tr>{head}<td></td></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
    return scrolled(table, "time of each layer")


def sources(run: FoundRun, fingerprints: Mapping[str, Mapping[str, str]]) -> str:
    """Which data were read, and what tells their files from others of the same name."""
    data = run.record.get("data")
    named = data.items() if isinstance(data, Mapping) else ()
    body = facts_table("", [(str(layer), str(source)) for layer, source in named])
    rows = [
        (layer, path, value)
        for layer, files in fingerprints.items()
        for path, value in files.items()
    ]
    return body + data_table("Fingerprints (SHA-256)", ("layer", "file", "fingerprint"), rows)


def machine(run: FoundRun, command: str, weights: str) -> str:
    """With what it ran, and how to run it again."""
    record = run.record
    versions = record.get("versions")
    listed = versions.items() if isinstance(versions, Mapping) else ()
    pairs = [
        (key, str(record[key]))
        for key in ("backend", "precision", "seed", "machine")
        if key in record
    ]
    pairs += [(str(name), str(version)) for name, version in listed]
    again = "<p>To run it again, with the same bits on the same kind of machine:</p>"
    again += f"<pre>{escape(command)}</pre>"
    return facts_table("", pairs) + again + (note(weights) if weights else "")
