"""Operators of com.microsoft that edgec does not take, each with what to do instead."""

from __future__ import annotations

from edgec.frontends.onnx.builder import Builder
from edgec.frontends.onnx.contrib.domain import contrib_op
from edgec.frontends.onnx.errors import Unsupported
from edgec.frontends.onnx.registry import Call, onnx_op
from edgec.ir.graph import Value

_SEARCH = ("BeamSearch", "GreedySearch", "Sampling", "WhisperBeamSearch", "BifurcationDetector")
_TEXT = ("Tokenizer", "MurmurHash3", "NGramHashMapping", "VarlenNGramHashMapping", "NGramRepeatBlock")
_ORDERED = (
    "QOrderedAttention",
    "QOrderedGelu",
    "QOrderedLayerNormalization",
    "QOrderedLongformerAttention",
    "QOrderedMatMul",
    "QuantizeWithOrder",
    "DequantizeWithOrder",
)


_BLOCKED = (
    "Conv",
    "MaxPool",
    "GlobalMaxPool",
    "AveragePool",
    "GlobalAveragePool",
    "Upsample",
    "ReorderInput",
    "ReorderOutput",
)


@contrib_op(*_SEARCH)
def search(b: Builder, call: Call) -> Value:
    raise Unsupported(
        "it is a loop around a whole model", "export the decoder alone and write the loop that calls it"
    )


@contrib_op(*_TEXT)
def text(b: Builder, call: Call) -> Value:
    raise Unsupported("it works on text or hashes", "do this step before the model")


@contrib_op(*_ORDERED)
def ordered(b: Builder, call: Call) -> Value:
    raise Unsupported("its tensors have a layout of CUDA's own", "quantise the model in QDQ format")


@onnx_op(*_BLOCKED, domain="com.microsoft.nchwc")
def blocked(b: Builder, call: Call) -> Value:
    raise Unsupported(
        "its tensors have the layout of one CPU",
        "let ONNX Runtime optimise with ORT_ENABLE_EXTENDED, not ALL",
    )


@contrib_op("EPContext", "Snpe")
def compiled(b: Builder, call: Call) -> Value:
    raise Unsupported(
        "it holds a program compiled for another device", "give the model from before that step"
    )
