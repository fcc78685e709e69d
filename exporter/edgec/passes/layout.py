"""Choose the order in which every tensor's axes are stored, so that few transposes remain.

Nodes that work in any axis order form regions: connected sets whose tensors are all stored in one order.
Between regions, and between regions and nodes that want their own order, lie transposes and reshapes
(`regroup`); each costs a copy unless both sides store its atoms alike. The pass gives every region an order
that makes the copied elements few: first it lets orders flow forward (transposes sink), then it improves
region by region, then rewrites the graph once.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from edgec.ir.dims import Call, Dim, DimError, Expr, evaluate, symbols_of
from edgec.ir.graph import Graph, Node, Value
from edgec.ops.matmul import MatMul
from edgec.ops.view import Reshape, Transpose
from edgec.passes.editor import Editor
from edgec.passes.layout_rewrite import apply_layout
from edgec.passes.layout_rules import allows, broadcast_operands, laid_out_operands
from edgec.passes.regroup import Perm, Regroup, identity, is_trivial, of_reshape, of_transpose

_SWEEPS = 6
_MAX_FOLLOWERS = 32
_SLIGHT = 1  # not a copy: a reshape, which stands between maps that could fuse, or a transposed operand
_COPY_OVERHEAD = 256  # elements: what starting a copy costs
_SYMBOL_SIZE = 64  # a guess at the size of an axis that is not known


def layout(graph: Graph) -> bool:
    """Move, merge and cancel transposes. Source names keep the permutation back to their own order."""
    editor = Editor(graph)
    _align_broadcasts(editor)
    plan = LayoutPlan(editor)
    if not plan.links:
        return editor.finish()
    plan.choose()
    apply_layout(editor, plan.perms(), plan.links, plan.folded)
    return editor.finish()


@dataclass(eq=False)
class Region:
    """Tensors stored in one axis order, `perm`, and the nodes that make them."""

    rank: int
    nodes: list[Node] = field(default_factory=list)
    costs: list[Pin | Link] = field(default_factory=list)
    perm: Perm = ()
    fixed: bool = False

    def cost(self) -> int:
        return sum(c.cost() for c in self.costs)

    def admits(self, perm: Perm) -> bool:
        if self.fixed and perm != identity(self.rank):
            return False
        return all(allows(node, perm) for node in self.nodes)


@dataclass(eq=False)
class Pin:
    """A tensor that a region reads or gives, wanted in its own order outside.

    Where `swap` is allowed, the reader also takes it with the last two axes swapped.
    """

    value: Value
    region: Region
    swap: bool = False
    copied: int = 0

    def __post_init__(self) -> None:
        self.copied = copy_cost(self.value)

    def cost(self) -> int:
        perm = self.region.perm
        if perm == identity(len(perm)):
            return 0
        free = is_trivial(perm, self.value.shape) or (self.swap and perm == swapped(len(perm)))
        return _SLIGHT if free else self.copied

    def proposals(self, region: Region) -> Iterable[Perm | None]:
        yield identity(region.rank)
        if self.swap:
            yield swapped(region.rank)


@dataclass(eq=False)
class Link:
    """A transpose or reshape. `x` is None where its operand is stored in its own order.

    Where `foldable`, atoms of y's last axis may come in any order: a constant matrix reads them.
    """

    node: Node
    regroup: Regroup
    x: Region | None
    y: Region
    foldable: bool = False
    copied: int = 0

    def __post_init__(self) -> None:
        self.copied = copy_cost(self.node.outputs[0])

    def x_perm(self) -> Perm:
        return self.x.perm if self.x is not None else identity(len(self.regroup.x))

    def is_free(self) -> bool:
        return self.regroup.x_order(self.x_perm()) == self.regroup.y_order(self.y.perm)

    def is_folded(self) -> bool:
        """Free once the rows of the matrix that reads it are put in the order of x's atoms."""
        if not self.foldable or self.is_free() or self.y.perm != identity(self.y.rank):
            return False
        x, y = self.regroup.x_order(self.x_perm()), self.regroup.y_order(self.y.perm)
        kept = len(y) - len(self.regroup.y[-1])
        return x[:kept] == y[:kept]

    def cost(self) -> int:
        if self.is_free():
            return 0 if self._is_nothing() else _SLIGHT
        return 0 if self.is_folded() else self.copied

    def _is_nothing(self) -> bool:
        """Whether both sides have one shape as stored."""
        x, y = self.node.operand(0).shape, self.node.outputs[0].shape
        stored = [y[axis] for axis in self.y.perm]
        return stored == [x[axis] for axis in self.x_perm()]

    def follow(self, leader: Region, perm: Perm) -> Perm | None:
        """The order of the other side that makes the link free where `leader` is stored by `perm`."""
        return self.regroup.backward(perm) if leader is self.y else self.regroup.forward(perm)

    def proposals(self, region: Region) -> Iterable[Perm | None]:
        if region is self.y:
            yield self.regroup.forward(self.x_perm())
        if region is self.x:
            yield self.regroup.backward(self.y.perm)


def sizes_guarded_to_one(graph: Graph) -> set[Dim]:
    """1, and the sizes that a guard of the graph says are 1."""
    found: set[Dim] = {1}
    for guard in graph.guards:
        if isinstance(guard.expr, Expr) and len(guard.expr.terms) == 1:
            (monomial, factor), *_ = guard.expr.terms
            if len(monomial) == 1 and isinstance(monomial[0], Call) and factor == 1:
                call = monomial[0]
                if call.op == "eq" and 1 in call.args:
                    found.update(call.args)
    return found


def swapped(rank: int) -> Perm:
    """The permutation of the last two axes; the identity below rank 2."""
    return (*range(rank - 2), rank - 1, rank - 2) if rank > 1 else identity(rank)


def copy_cost(value: Value) -> int:
    return _COPY_OVERHEAD + estimated_elements(value.shape)


def estimated_elements(shape: Iterable[Dim]) -> int:
    """The number of elements, with a guess for every symbol."""
    total = 1
    for dim in shape:
        try:
            size = evaluate(dim, dict.fromkeys(symbols_of(dim), _SYMBOL_SIZE))
        except DimError:
            size = _SYMBOL_SIZE
        total *= max(size, 1)
    return total


class LayoutPlan:
    """The regions of a graph, and the search for their orders."""

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        self._parent: dict[Value, Value] = {}
        self._regions: dict[Value, Region] = {}
        self._ones = sizes_guarded_to_one(editor.graph)
        self._pinned: set[tuple[Value, Region, bool]] = set()
        self.links: list[Link] = []
        self._unite()
        self._collect()

    def perms(self) -> dict[Value, Perm]:
        """The order of every tensor that is in a region."""
        return {v: self._regions[self._find(v)].perm for v in self._parent}

    @property
    def folded(self) -> list[Link]:
        return [link for link in self.links if link.is_folded()]

    def _find(self, value: Value) -> Value:
        root = value
        while self._parent[root] is not root:
            root = self._parent[root]
        while self._parent[value] is not root:
            self._parent[value], value = root, self._parent[value]
        return root

    def _region(self, value: Value | None) -> Region | None:
        if value is None or value not in self._parent:
            return None
        return self._regions[self._find(value)]

    def _unite(self) -> None:
        for node in self._editor:
            operands = laid_out_operands(node)
            if operands is None and regroup_of(node, self._ones) is None:
                continue
            for value in node.outputs:
                self._parent[value] = node.outputs[0]
            members = [node.inputs[i] for i in operands or ()]
            for member in members:
                if member is not None and member in self._parent:
                    self._parent[self._find(member)] = self._find(node.outputs[0])

    def _collect(self) -> None:
        for value in self._parent:
            root = self._find(value)
            if root not in self._regions:
                self._regions[root] = Region(value.rank, perm=identity(value.rank))
            if self._editor.is_symbol_source(value):
                self._regions[root].fixed = True
        for node in self._editor:
            regroup = regroup_of(node, self._ones)
            if regroup is not None:
                self._add_link(node, regroup)
            elif laid_out_operands(node) is not None:
                self._add_member(node)
            else:
                self._add_readers(node)
        for value in dict.fromkeys(self._editor.graph.outputs):
            self._pin(value, self._region(value))

    def _add_link(self, node: Node, regroup: Regroup) -> None:
        x, y = self._region(node.operand(0)), self._region(node.outputs[0])
        assert y is not None
        known = all(isinstance(regroup.sizes[a], int) for a in regroup.y[-1]) if regroup.y else False
        link = Link(node, regroup, x, y, known and _feeds_constant_matrix(self._editor, node))
        self.links.append(link)
        y.costs.append(link)
        if x is not None and x is not y:
            x.costs.append(link)

    def _add_member(self, node: Node) -> None:
        region = self._region(node.outputs[0])
        assert region is not None
        region.nodes.append(node)
        moving = laid_out_operands(node) or []
        if isinstance(node.op, MatMul) or not broadcast_operands(node):
            others = [v for i, v in enumerate(node.inputs) if i not in moving]
        else:
            moving = sorted({*moving, *broadcast_operands(node)})
            others = []
        for i in moving:
            value = node.inputs[i]
            if value is not None and value.const is None and self._region(value) is not region:
                self._pin(value, region)
        for value in others:
            if value is not None:
                self._pin(value, self._region(value))

    def _add_readers(self, node: Node) -> None:
        for i, value in enumerate(node.inputs):
            if value is not None:
                self._pin(value, self._region(value), isinstance(node.op, MatMul) and i < 2)

    def _pin(self, value: Value, region: Region | None, swap: bool = False) -> None:
        if region is not None and (value, region, swap) not in self._pinned:
            self._pinned.add((value, region, swap))
            region.costs.append(Pin(value, region, swap))

    def choose(self) -> None:
        """Give every region the order that makes copies few."""
        regions = list(dict.fromkeys(self._regions[self._find(v)] for v in self._parent))
        before = self._total()
        self._flow_forward(regions)
        for sweep in range(_SWEEPS):
            order = regions if sweep % 2 else regions[::-1]
            if not any([_improve(region) for region in order]):
                break
        if self._total() > before:
            for region in regions:
                region.perm = identity(region.rank)

    def _total(self) -> int:
        regions = dict.fromkeys(self._regions.values())
        shared = sum(link.cost() for link in self.links)
        return shared + sum(c.cost() for r in regions for c in r.costs if isinstance(c, Pin))

    def _flow_forward(self, regions: list[Region]) -> None:
        decided: set[Region] = set()
        for region in regions:
            known = [
                c
                for c in region.costs
                if isinstance(c, Link) and c.y is region and (c.x is None or c.x in decided)
            ]
            candidates = {p: None for c in known for p in c.proposals(region) if p is not None}
            _take_best(region, [*candidates, identity(region.rank)], [*known, *_feeds(region)])
            decided.add(region)


def _feeds(region: Region) -> list[Pin | Link]:
    """The region's costs for tensors that it reads from outside."""
    made = {v for node in region.nodes for v in node.outputs}
    made |= {c.node.outputs[0] for c in region.costs if isinstance(c, Link)}
    return [c for c in region.costs if isinstance(c, Pin) and c.value not in made]


def _take_best(region: Region, candidates: Iterable[Perm], costs: list[Pin | Link]) -> None:
    best: tuple[int, int] | None = None
    chosen = region.perm
    for perm in candidates:
        if not region.admits(perm):
            continue
        region.perm = perm
        score = (sum(c.cost() for c in costs), region.cost())
        if best is None or score < best:
            best, chosen = score, perm
    region.perm = chosen


def _improve(region: Region) -> bool:
    """Give the region the order that saves most, neighbours following where that keeps a link free.

    Whether anything changed.
    """
    found: dict[Perm, None] = {identity(region.rank): None}
    for cost in region.costs:
        found.update((p, None) for p in cost.proposals(region) if p is not None)
    best, saved = None, 0
    for perm in found:
        if perm == region.perm or not region.admits(perm):
            continue
        for move in ({region: perm}, _with_followers(region, perm)):
            saving = _saving(move)
            if saving > saved:
                best, saved = move, saving
    for moved, perm in (best or {}).items():
        moved.perm = perm
    return best is not None


def _with_followers(region: Region, perm: Perm) -> dict[Region, Perm]:
    """The region in order `perm`, and those that must follow so that links that are free stay free."""
    move = {region: perm}
    waiting = [region]
    while waiting and len(move) < _MAX_FOLLOWERS:
        leader = waiting.pop()
        for link in leader.costs:
            if not isinstance(link, Link) or link.x is None or not link.is_free():
                continue
            other = link.x if link.y is leader else link.y
            wanted = link.follow(leader, move[leader])
            if other not in move and wanted is not None and other.admits(wanted):
                move[other] = wanted
                waiting.append(other)
    return move


def _saving(move: dict[Region, Perm]) -> int:
    """How much less the copies cost after a move."""
    touched = dict.fromkeys(cost for region in move for cost in region.costs)
    before = sum(cost.cost() for cost in touched)
    present = {region: region.perm for region in move}
    for region, perm in move.items():
        region.perm = perm
    after = sum(cost.cost() for cost in touched)
    for region, perm in present.items():
        region.perm = perm
    return before - after


def regroup_of(node: Node, ones: Container[Dim] = (1,)) -> Regroup | None:
    """The regrouping a transpose or reshape is, where it is one; `ones` are the sizes known to be 1."""
    if isinstance(node.op, Transpose):
        return of_transpose(node.operand(0).shape, node.op.perm)
    if isinstance(node.op, Reshape):
        return of_reshape(node.operand(0).shape, node.op.shape, ones)
    return None


def _feeds_constant_matrix(editor: Editor, node: Node) -> bool:
    """Whether a reshape's result is read only as the left operand of a product with a constant."""
    user = editor.only_user(node.outputs[0])
    if user is None or not isinstance(node.op, Reshape) or not isinstance(user.op, MatMul):
        return False
    a, b = user.operand(0), user.operand(1)
    return a is node.outputs[0] and b.const is not None and b.rank == 2 and not user.op.transpose_a


def _align_broadcasts(editor: Editor) -> None:
    """Give operands that broadcast the rank of the result, so that their axes can move with it."""
    for node in editor:
        rank = node.outputs[0].rank
        for i in broadcast_operands(node):
            value = node.operand(i)
            if value.const is None and value.rank < rank:
                shape = (*(1,) * (rank - value.rank), *value.shape)
                inputs = list(node.inputs)
                inputs[i] = editor.add(Reshape(shape), [value], node, value.name)
                editor.set_inputs(node, inputs)
