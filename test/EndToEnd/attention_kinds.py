"""Attentions that are not softmax over all keys: linear, by landmarks, by blocks."""
import numpy as np
from attention_graphs import (B, D, H, S, WIDTH, form, heads, joined, linear,
                              product)
from onnx import TensorProto


# -------------------------------------------------------------- linear, causal
def features(g, length):
    """Query and key are positive."""
    x = g.input("x", [B, length, WIDTH])

    def apart(i):
        split = g.Reshape(linear(g, x, seed=i), [0, 0, H, D])
        return g.Transpose(split, perm=[0, 2, 1, 3])
    return g.Exp(apart(0)), g.Exp(apart(1)), apart(2)


def merged(g, y):
    return g.Reshape(g.Transpose(y, perm=[0, 2, 1, 3]), [0, 0, WIDTH])


def prefix_sums(g, length):
    q, k, v = features(g, length)
    states = g.CumSum(g.Mul(g.Unsqueeze(k, [4]), g.Unsqueeze(v, [3])), np.int64(2))
    rows = g.Squeeze(g.MatMul(g.Unsqueeze(q, [3]), states), [3])
    norm = g.ReduceSum(g.Mul(q, g.CumSum(k, np.int64(2))), [-1], keepdims=1)
    return merged(g, g.Div(rows, norm))


LINEAR = [r"score\s+linear scale 1.0.* causal"]


@form(LINEAR)
def linear_causal(g):
    return prefix_sums(g, S)


@form(LINEAR)
def linear_causal_of_chunks_and_a_rest(g):
    return prefix_sums(g, 150)


@form(LINEAR)
def linear_causal_of_an_open_length(g):
    return prefix_sums(g, "length")


@form([LINEAR[0].replace("causal", "epsilon 9.99.* causal")])
def linear_causal_by_einsum(g):
    q, k, v = features(g, 70)
    states = g.CumSum(g.Einsum(k, v, equation="bhtd,bhte->bhtde"), np.int64(2))
    rows = g.Einsum(q, states, equation="bhtd,bhtde->bhte")
    norm = g.Einsum(q, g.CumSum(k, np.int64(-2)), equation="bhtd,bhtd->bht")
    return merged(g, g.Div(rows, g.Add(g.Unsqueeze(norm, [-1]), np.float32(1e-6))))


@form([], count=0)
def linear_of_sums_that_exclude_is_another(g):
    q, k, v = features(g, S)
    products = g.Mul(g.Unsqueeze(k, [4]), g.Unsqueeze(v, [3]))
    states = g.CumSum(products, np.int64(2), exclusive=1)
    rows = g.Squeeze(g.MatMul(g.Unsqueeze(q, [3]), states), [3])
    norm = g.ReduceSum(g.Mul(q, g.CumSum(k, np.int64(2))), [-1], keepdims=1)
    return merged(g, g.Div(rows, norm))


# ---------------------------------------------------------- groups and blocks
def landmarks(g, top=None, landmark=-1):
    x, length, w = g.input("x", [B, 24, WIDTH]), 24, 4
    q, k, v = [heads(g, linear(g, x, seed=i), length=length) for i in range(3)]
    groups = length // w
    s = g.Reshape(g.Mul(product(g, q, k), 0.35355338), [B, H, length, groups, w])
    gate = g.Softmax(g.Gather(s, np.int64(landmark), axis=4), axis=-1)
    inner = g.Softmax(g.Slice(s, [0], [-1], [4]), axis=-1)
    if top:
        values, indices = g.TopK(gate, [top], axis=-1, outputs=2)
        zeros = np.zeros((B, H, length, groups), np.float32)
        gate = g.ScatterElements(zeros, indices, values, axis=-1)
    weights = g.Mul(inner, g.Unsqueeze(gate, [4]))
    values = g.Slice(g.Reshape(v, [B, H, groups, w, D]), [0], [-1], [3])
    return joined(g, g.Einsum(weights, values, equation="bhtnw,bhnwd->bhtd"), length)


@form([r"score\s+grouped group_size 4 scale 0.35355"])
def landmarks_of_all_groups(g):
    return landmarks(g)


@form([r"score\s+grouped group_size 4 top_groups 2 scale 0.35355"])
def landmarks_of_the_best_groups(g):
    return landmarks(g, 2)


@form([], count=0)
def landmarks_elsewhere_are_none(g):
    return landmarks(g, landmark=0)


def blocks(g, table, length=24, w=4):
    x = g.input("x", [B, length, WIDTH])
    n = length // w
    q, k, v = [g.Reshape(heads(g, linear(g, x, seed=i), length=length), [B, H, n, w, D])
               for i in range(3)]
    k, v = [g.Reshape(g.Gather(t, table, axis=2), [B, H, n, -1, D]) for t in (k, v)]
    s = g.Mul(g.MatMul(q, g.Transpose(k, perm=[0, 1, 2, 4, 3])), 0.35355338)
    y = g.MatMul(g.Softmax(s, axis=-1), v)
    return joined(g, g.Reshape(y, [B, H, length, D]), length)


@form([r"scale 0.35355.* block_size 4 .*key_blocks\("])
def blocks_by_gather(g):
    return blocks(g, np.array([[0, (i - 1) % 6, i, (i * 5 + 3) % 6] for i in range(6)]))


@form([r"scale 0.35355.* block_size 4 .*key_blocks\("])
def blocks_listed_twice_count_twice(g):
    return blocks(g, np.array([[0, i, 0] for i in range(6)]))


@form(["scale 0.35355"], without=["key_blocks"])
def blocks_of_an_input_are_not_known(g):
    return blocks(g, g.input("table", [6, 2], TensorProto.INT64))
