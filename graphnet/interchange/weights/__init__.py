"""Weights alone, of whatever format: which stored arrays fill which params of a net.

A format's room reads its file as :class:`~graphnet.interchange.weights.stored.WeightFile`; what is
done with it is here.
"""
