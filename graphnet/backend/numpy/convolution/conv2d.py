"""Convolution on batch-last storage: the algorithm is chosen, and its tasks are shared out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TypeAlias

from graphnet.backend.base import ConvArrays, ScratchDecl
from graphnet.backend.calls import Call, Op, in_turn
from graphnet.backend.numpy.convolution.banded import bind_banded
from graphnet.backend.numpy.convolution.banded_plan import BandedPlan
from graphnet.backend.numpy.convolution.depthwise import bind_depthwise, depthwise_scratch
from graphnet.backend.numpy.convolution.depthwise_plan import DepthwisePlan
from graphnet.backend.numpy.convolution.group import ConvGroup
from graphnet.backend.numpy.convolution.im2col import bind_im2col, im2col_scratch
from graphnet.backend.numpy.convolution.im2col_plan import Im2colPlan
from graphnet.backend.numpy.convolution.lowered import LoweredGroup
from graphnet.backend.numpy.convolution.lowered_plan import LoweredPlan
from graphnet.backend.numpy.convolution.winograd import WinogradGroup
from graphnet.backend.numpy.convolution.winograd_plan import WinogradPlan
from graphnet.backend.numpy.threads import ThreadPool
from graphnet.backend.window import Window
from graphnet.blob import Array, Shape, storage

ByProducts: TypeAlias = WinogradPlan | LoweredPlan
AnyPlan: TypeAlias = ByProducts | BandedPlan | DepthwisePlan | Im2colPlan


def plan_conv2d(window: Window, n_group: int, x: Shape, filter_: Shape) -> AnyPlan:
    """The plan of a convolution of these shapes, by the algorithm that suits them."""
    banded = BandedPlan(window, n_group, x, filter_)
    if banded.pays:
        return banded
    depthwise = DepthwisePlan(window, n_group, x, filter_)
    if depthwise.pays:
        return depthwise
    im2col = Im2colPlan(window, n_group, x, filter_)
    if im2col.pays:
        return im2col
    winograd = WinogradPlan(window, n_group, x, filter_)
    return winograd if winograd.pays else LoweredPlan(window, n_group, x, filter_)


def conv2d_scratch(plan: AnyPlan, n_threads: int, *, backward: bool) -> dict[str, ScratchDecl]:
    """The scratch that :func:`bind_conv2d` needs."""
    if isinstance(plan, BandedPlan | DepthwisePlan):
        return depthwise_scratch(plan, n_threads, backward=backward)
    if isinstance(plan, Im2colPlan):
        return im2col_scratch(plan, n_threads, backward=backward)
    shapes = plan.scratch(backward=backward)
    if backward:
        n_sums = len(plan.lanes) + (len(plan.lanes) > 1)
        shapes["sums"] = (n_sums, *plan.sum_shape)
        shapes["bias_sums"] = (plan.n_rows, plan.filters_per_group)
    decls = {name: ScratchDecl((plan.n_group, *shape)) for name, shape in shapes.items()}
    slots = (plan.n_slots(n_threads), plan.slot_scratch(backward=backward))
    return {**decls, "slots": ScratchDecl(slots)}


def bind_conv2d(
    pool: ThreadPool, plan: AnyPlan, arrays: ConvArrays, scratch: Mapping[str, Array]
) -> Op:
    """A convolution bound to its arrays.

    Args:
        pool: Runs the units.
        plan: Of the same shapes.
        arrays: What is computed from what; their bound is kept by plans of products alone.
        scratch: As :func:`conv2d_scratch` declares it; a layer may have more, of its own.
    """
    own = conv2d_scratch(plan, pool.n_threads, backward=True).keys() & scratch.keys()
    scratch = {name: scratch[name] for name in own}
    if isinstance(plan, BandedPlan):
        return bind_banded(pool, plan, arrays, scratch)
    if isinstance(plan, DepthwisePlan):
        return bind_depthwise(pool, plan, arrays, scratch)
    if isinstance(plan, Im2colPlan):
        return bind_im2col(pool, plan, arrays, scratch)
    groups = [_group(plan, i, arrays, scratch) for i in range(plan.n_group)]
    tasks = [task for group in groups for task in group.forward_tasks()]
    forward = [call for group in groups for call in group.arrange_filter()]
    forward.append(pool.bind(tasks, inline=plan.inline))
    before: list[Call] = []
    tasks = []
    after: list[Call] = []
    has_gradient = arrays.dy is not None
    if has_gradient and (arrays.dfilter is not None or arrays.dbias is not None):
        tasks += [task for group in groups for task in group.param_gradient_tasks()]
        after += [call for group in groups for call in group.add_up()]
    if has_gradient and arrays.dx is not None:
        before += [call for group in groups for call in group.flip_filter()]
        if plan.unread_rows:
            before.append(partial(storage(arrays.dx).fill, 0))
        tasks += [task for group in groups for task in group.image_gradient_tasks()]
    middle = [pool.bind(tasks, inline=plan.inline)] if tasks else []
    return Op(in_turn(forward), in_turn([*before, *middle, *after]))


def _group(
    plan: ByProducts, index: int, arrays: ConvArrays, scratch: Mapping[str, Array]
) -> ConvGroup[WinogradPlan] | ConvGroup[LoweredPlan]:
    if isinstance(plan, WinogradPlan):
        return WinogradGroup(plan, index, arrays, scratch)
    return LoweredGroup(plan, index, arrays, scratch)
