"""Norms of groups of channels, and gates."""

import numpy as np

from operator_cases import Case

NORM = ("attn.norm +layer axis 2",)


def group_norm(groups, by_channel=True):
    def reference(x, s, b):
        rows = x.astype(np.float64).reshape(x.shape[0], groups, -1)
        rows = (rows - rows.mean(axis=2, keepdims=True)) / np.sqrt(rows.var(axis=2, keepdims=True) + 1e-5)
        flat = rows.reshape(x.shape[0], len(s), -1)
        return [(flat * s[:, None] + b[:, None]).reshape(x.shape).astype(x.dtype)]
    return reference


CASES = [
    Case("groups_21", "(float[2,6,h,5] x, float[6] s, float[6] b) => (float[2,6,h,5] y)"
         "{ y = GroupNormalization <num_groups = 2> (x, s, b) }", has=NORM, sizes={"h": 3},
         reference=group_norm(2), opset=21),
    Case("groups_18", "(float[n,6,4] x, float[3] s, float[3] b) => (float[n,6,4] y)"
         "{ y = GroupNormalization <num_groups = 3> (x, s, b) }", has=NORM, sizes={"n": 2},
         reference=group_norm(3), opset=18),
    Case("groups_half", "(float16[2,6,4] x, float16[6] s, float16[6] b) => (float16[2,6,4] y)"
         "{ y = GroupNormalization <num_groups = 3> (x, s, b) }", has=NORM, reference=group_norm(3),
         opset=21, tolerance=2e-3),
    Case("instances", "(float[n,6,h] x, float[6] s, float[6] b) => (float[n,6,h] y)"
         "{ y = InstanceNormalization (x, s, b) }", has=NORM, sizes={"n": 2, "h": 7}, reference=group_norm(6)),
    Case("swiglu", "(float[n,8] a, float[n,8] b) => (float[n,8] y) { y = SwiGLU <alpha = 1.5> (a, b) }",
         opset=28, sizes={"n": 3}),
    Case("swish_half", "(float16[3,8] x) => (float16[3,8] y) { y = Swish (x) }", opset=24, tolerance=2e-3),
]
