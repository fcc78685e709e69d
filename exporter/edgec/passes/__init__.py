"""Rewrites of graphs that keep their meaning.

A pass is a function `(graph) -> changed` in the file of its name; `edgec.pipeline` lists them in order. What
passes share: `editor` (a graph with its uses indexed), `regroup` (reshapes and transposes as regroupings of
atoms), `layout_rules` and `layout_rewrite` (the parts of `layout`), `scalar_rules` (simplified programs),
`copies` (what is left to report) and `prefix_symbols` (several graphs in one file).
"""
