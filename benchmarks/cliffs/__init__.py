"""The search for cliffs: legal settings of layers that cost far more per element than others.

Every layer type × its properties × shapes from tiny to huge runs by itself, forward and backward,
beside PyTorch in both layouts, turn by turn.
"""
