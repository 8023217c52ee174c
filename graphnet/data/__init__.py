"""Data: sources, named sets, the shuffle, transformers, and the files they are read from.

One word for one thing: a *data set* is a named array in a file, and a *column* is that data set in
all files of a source. A *row* is a position in a source, a *sample* is what the net sees of a row,
and a *slot* is a place in a batch. Whatever is missing, damaged or not as declared raises a
``DataError``, which says what, where, and what to do.
"""
