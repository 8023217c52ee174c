"""Data: sources, named sets, the shuffle, transformers, and the files they are read from.

One word for one thing: a *data set* is an array of a name in a file, a *column* the same data set of
all files of a source; a *row* is a position in a source, a *sample* what the net sees of a row, a
*slot* a place in a batch. Whatever is missing, damaged or not as declared raises a ``DataError``,
which says what, where, and what to do.
"""
