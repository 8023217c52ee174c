"""The layered layout of a directed graph without cycles, from the top to the bottom.

Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures"
(1981), in four steps, a module each::

    ranks        which row a vertex is in
    order        the vertices of a row from left to right, so that few edges cross
    coordinates  where in its row each one stands
    layout       all together, and the lines of the edges

Vertices are any hashable things; a module knows nothing of nets.
"""
