"""The mean of a block's samples, written as vector instructions: the compiler makes none of the loop over bytes."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

__all__ = ["BLOCK", "SAMPLES", "average_block"]

BLOCK = 16
"""Pixels of a block."""
SAMPLES = 4
"""Samples of a pixel."""


@intrinsic
def average_block(typing_context: Any, samples: Any, pixels: Any, first: Any) -> Any:
    """`average_block(samples, pixels, first)` writes 16 pixels: byte for byte the rounded mean of their 4 samples.

    Args:
        samples: int32 `SAMPLES*BLOCK`, bytes R G B 0, sample after sample.
        pixels: int32, a row of an image.
        first: where in it the block begins.
    """
    signature = types.void(samples, pixels, first)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source, target = (
            context.make_array(kind)(context, builder, value).data
            for kind, value in zip(signature.args[:2], args[:2], strict=True)
        )
        block = ir.VectorType(ir.IntType(8), BLOCK * 4)
        wide = ir.VectorType(ir.IntType(16), BLOCK * 4)
        total = ir.Constant(wide, [SAMPLES // 2] * (BLOCK * 4))
        for sample in range(SAMPLES):
            here = builder.gep(source, [ir.Constant(ir.IntType(64), sample * BLOCK)])
            levels = builder.load(builder.bitcast(here, block.as_pointer()))
            levels.align = 4
            total = builder.add(total, builder.zext(levels, wide))
        mean = builder.trunc(builder.lshr(total, ir.Constant(wide, [2] * (BLOCK * 4))), block)
        there = builder.bitcast(builder.gep(target, [args[2]]), block.as_pointer())
        builder.store(mean, there).align = 4
        return context.get_dummy_value()

    return signature, generate
