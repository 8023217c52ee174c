"""Random numbers that belong to a sample."""

import numpy as np

from graphnet.random.philox import SCRATCH_ROWS, blocks, uniforms, words

KEY = 0xFEDCBA98_76543210_01234567_89ABCDEF
ROWS = np.array([0, 1, 5, 2**40, 2**63 - 1])
EPOCHS = np.array([0, 3, 7, 2**33, 1])


def test_words_are_those_of_numpy():
    """The words are those NumPy's Philox draws with the row and the epoch as counter."""
    found = words(KEY, ROWS, EPOCHS)
    for i, (row, epoch) in enumerate(zip(ROWS, EPOCHS, strict=True)):
        counter = np.array([0, row, epoch, 0], np.uint64)
        assert np.array_equal(found[:, i], np.random.Philox(key=KEY, counter=counter).random_raw(4))


def test_uniforms_do_not_depend_on_the_batch():
    """A sample draws the same numbers alone and among others, all in [0, 1)."""
    together = uniforms(KEY, ROWS, EPOCHS)
    assert np.array_equal(together[:, 2:3], uniforms(KEY, ROWS[2:3], EPOCHS[2:3]))
    assert ((together >= 0) & (together < 1)).all()
    assert len(np.unique(together)) == together.size


def test_blocks_are_of_any_counter():
    """The first word counts the blocks of a stream."""
    first = np.array([0, 1, 2, 9, 2**64 - 1], np.uint64)
    counters = np.stack([first, ROWS.astype("u8"), EPOCHS.astype("u8"), np.zeros(5, "u8")])
    found = np.stack(blocks(KEY, counters, np.empty((SCRATCH_ROWS, 5), np.uint64)))
    for i, words_of in enumerate(zip(first, ROWS, EPOCHS, strict=True)):
        counter = sum(int(word) << 64 * place for place, word in enumerate(words_of)) - 1
        generator = np.random.Philox(key=KEY, counter=counter % 2**256)
        assert np.array_equal(found[:, i], generator.random_raw(4))
