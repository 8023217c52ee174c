"""Drawing nets: from the graph of a compiled net to SVG, PNG, HTML, Mermaid and Graphviz.

compiled nets ──▶ diagram ──▶ layered ──▶ picture ──▶ svg, png, html
                     └──▶ mermaid, dot
"""
