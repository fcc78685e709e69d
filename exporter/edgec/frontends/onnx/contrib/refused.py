"""Operators of com.microsoft that edgec does not take, each with what to do instead."""

from __future__ import annotations

from edgec.frontends.onnx.contrib.domain import DOMAIN
from edgec.frontends.onnx.registry import refuse

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


refuse(
    *_SEARCH,
    domain=DOMAIN,
    reason="it is a loop around a whole model",
    advice="export the decoder alone and write the loop that calls it",
)
refuse(
    *_TEXT, domain=DOMAIN, reason="it works on text or hashes", advice="do this step before the model"
)
refuse(
    *_ORDERED,
    domain=DOMAIN,
    reason="its tensors have a layout of CUDA's own",
    advice="quantise the model in QDQ format",
)
refuse(
    *_BLOCKED,
    domain="com.microsoft.nchwc",
    reason="its tensors have the layout of one CPU",
    advice="let ONNX Runtime optimise with ORT_ENABLE_EXTENDED, not ALL",
)
refuse(
    "EPContext",
    "Snpe",
    domain=DOMAIN,
    reason="it holds a program compiled for another device",
    advice="give the model from before that step",
)
