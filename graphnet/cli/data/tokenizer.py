"""``graphnet data tokenizer``: learns the tokens of a text."""

from __future__ import annotations

import json
from pathlib import Path

from graphnet.cli.output.terminal import facts, notice, say, say_json
from graphnet.data.text.tokens import Tokens, train_tokens, write_tokens
from graphnet.data.text.windows import check_is_there, check_source, text_of
from graphnet.files.paths import refuse_to_replace, refuse_to_write_over, shown


def tokenizer(source: str, target: Path, *, n_tokens: int, as_json: bool, force: bool) -> None:
    """Learn them, write them, and say how a net uses them.

    Args:
        source: A text file, or ``dataset:docs-text/train``.
        target: The file for them.
        n_tokens: How many.
        as_json: Print JSON.
        force: Replace the file.

    Raises:
        DataError: If the text cannot be read, or the file not be written.
        MissingExtraError: If the package ``tokenizers`` is not here.
    """
    check_source(source)
    check_is_there(source)
    refuse_to_write_over(target, {f"the text {source}": Path(source)})
    refuse_to_replace([target], force=force)
    text = text_of(source)
    write_tokens(train_tokens(text, n_tokens), target, force=force)
    tokens = Tokens(target)
    n_in_text = len(tokens.numbers_of(text, source))
    if as_json:
        value = {"tokens": tokens.n, "characters": len(text), "tokens_in_text": n_in_text}
        say_json(json.dumps(value, indent=2))
        return
    facts(
        [
            ("tokens", f"{tokens.n:,}"),
            ("the text", f"{n_in_text:,} tokens, {len(text) / n_in_text:.3g} characters each"),
            ("written to", str(target)),
        ]
    )
    say(f"in a net: {{type: TextData, source: {source}, tokenizer: {shown(target)}, …}}")
    say(f"          its Embed has input_dim: {tokens.n}, its last layer as many outputs")
    if tokens.n < n_tokens:
        notice([f"the text has no more pairs: {tokens.n:,} tokens of {n_tokens:,}"])
