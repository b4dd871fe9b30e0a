"""Small graphs that say attention, each in a form of some exporter's.

FORMS holds for each: the function that writes it, patterns that the operation's
text must match, how many operations there must be, and patterns that it must not
match.
"""
import numpy as np
from onnx import TensorProto, helper, numpy_helper

B, H, S, D = 2, 4, 6, 8
WIDTH = H * D
FORMS = {}


class Graph:
    """A graph that grows: each operator gives the name of its output."""

    def __init__(self):
        self.nodes, self.constants, self.inputs = [], [], []

    def __getattr__(self, operator):
        def add(*inputs, outputs=1, **attributes):
            names = [f"{operator}_{len(self.nodes)}_{i}" for i in range(outputs)]
            inputs = [x if isinstance(x, str) else self.constant(x) for x in inputs]
            self.nodes.append(helper.make_node(operator, inputs, names, **attributes))
            return names[0] if outputs == 1 else names
        return add

    def constant(self, value):
        value = np.asarray(value)
        value = value.astype({"f": np.float32, "i": np.int64}.get(value.dtype.kind, value.dtype))
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def input(self, name, shape, kind=TensorProto.FLOAT):
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def model(self, result):
        self.nodes.append(helper.make_node("Identity", [result], ["y"]))
        output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
        graph = helper.make_graph(self.nodes, "form", self.inputs, [output], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
        model.ir_version = 9
        return model


def form(expected, count=1, without=()):
    """`expected` are patterns that the text of `count` operations matches, none
    of `without` does."""
    def deco(function):
        FORMS[function.__name__] = (function, expected, count, without)
        return function
    return deco


def linear(g, x, columns=WIDTH, seed=0):
    rows = np.random.default_rng(seed)
    weight = rows.standard_normal((WIDTH, columns)) * 0.3
    return g.Add(g.MatMul(x, weight), rows.standard_normal(columns) * 0.1)


def tokens(g, batch=B, length=S):
    return g.input("x", [batch, length, WIDTH])


def heads(g, x, count=H, length=S):
    return g.Transpose(g.Reshape(x, [B, length, count, D]), perm=[0, 2, 1, 3])


def projected(g):
    x = tokens(g)
    return [heads(g, linear(g, x, seed=i)) for i in range(3)]


def joined(g, y, length=S):
    return g.Reshape(g.Transpose(y, perm=[0, 2, 1, 3]), [B, length, WIDTH])


def product(g, q, k):
    return g.MatMul(q, g.Transpose(k, perm=[0, 1, 3, 2]))


def attend(g, scores, v):
    return joined(g, g.MatMul(g.Softmax(scores, axis=-1), v))


PLAIN = ["scale 0.35355"]


# ------------------------------------------------------------------ heads
@form(PLAIN)
def heads_by_reshape_and_transpose(g):
    q, k, v = projected(g)
    return attend(g, g.Mul(product(g, q, k), 0.35355338), v)


@form(PLAIN)
def heads_keys_transposed_at_once(g):
    x = tokens(g)
    q, v = heads(g, linear(g, x, seed=0)), heads(g, linear(g, x, seed=2))
    k = g.Transpose(g.Reshape(linear(g, x, seed=1), [B, S, H, D]), perm=[0, 2, 3, 1])
    return attend(g, g.Div(g.MatMul(q, k), 2.828427), v)


@form(PLAIN)
def heads_by_split_and_concat(g):
    x = tokens(g)
    parts = [g.Concat(*[g.Unsqueeze(p, [1]) for p in
                        g.Split(linear(g, x, seed=i), axis=2, num_outputs=H, outputs=H)], axis=1)
             for i in range(3)]
    return attend(g, g.Mul(product(g, parts[0], parts[1]), 0.35355338), parts[2])


@form(PLAIN)
def heads_folded_into_the_batch(g):
    x = tokens(g)
    q, k, v = [g.Reshape(heads(g, linear(g, x, seed=i)), [B * H, S, D]) for i in range(3)]
    scores = g.Mul(g.MatMul(q, g.Transpose(k, perm=[0, 2, 1])), 0.35355338)
    y = g.MatMul(g.Softmax(scores, axis=-1), v)
    return joined(g, g.Reshape(y, [B, H, S, D]))


@form(PLAIN)
def heads_before_the_batch(g):
    x = tokens(g)
    q, k, v = [g.Transpose(g.Reshape(linear(g, x, seed=i), [B, S, H, D]), perm=[2, 0, 1, 3])
               for i in range(3)]
    y = g.MatMul(g.Softmax(g.Mul(product(g, q, k), 0.35355338), axis=-1), v)
    return g.Reshape(g.Transpose(y, perm=[1, 2, 0, 3]), [B, S, WIDTH])


@form(PLAIN, count=H)
def heads_by_slice(g):
    x = tokens(g)
    q, k, v = [linear(g, x, seed=i) for i in range(3)]
    parts = []
    for h in range(H):
        a, b, c = [g.Slice(t, [h * D], [h * D + D], [2]) for t in (q, k, v)]
        scores = g.Mul(g.MatMul(a, g.Transpose(b, perm=[0, 2, 1])), 0.35355338)
        parts.append(g.MatMul(g.Softmax(scores, axis=-1), c))
    return g.Concat(*parts, axis=2)


# ----------------------------------------------------------------- einsum
@form(PLAIN)
def einsum_heads_first(g):
    q, k, v = projected(g)
    scores = g.Mul(g.Einsum(q, k, equation="bhid,bhjd->bhij"), 0.35355338)
    return joined(g, g.Einsum(g.Softmax(scores, axis=-1), v, equation="bhij,bhjd->bhid"))


@form(PLAIN)
def einsum_tokens_first(g):
    x = tokens(g)
    q, k, v = [g.Reshape(linear(g, x, seed=i), [B, S, H, D]) for i in range(3)]
    scores = g.Mul(g.Einsum(q, k, equation="bthd,bshd->bhts"), 0.35355338)
    y = g.Einsum(g.Softmax(scores, axis=-1), v, equation="bhts,bshd->bthd")
    return g.Reshape(y, [B, S, WIDTH])


@form(PLAIN)
def einsum_keys_named_first(g):
    q, k, v = projected(g)
    scores = g.Mul(g.Einsum(k, q, equation="bhjd,bhid->bhij"), 0.35355338)
    return joined(g, g.Einsum(v, g.Softmax(scores, axis=-1), equation="bhjd,bhij->bhid"))


@form(PLAIN)
def einsum_with_dots(g):
    q, k, v = projected(g)
    scores = g.Mul(g.Einsum(q, k, equation="...id,...jd->...ij"), 0.35355338)
    return joined(g, g.Einsum(g.Softmax(scores, axis=-1), v, equation="...ij,...jd->...id"))


@form(PLAIN)
def einsum_then_matmul(g):
    q, k, v = projected(g)
    scores = g.Mul(g.Einsum(q, k, equation="bhid,bhjd->bhij"), 0.35355338)
    return attend(g, scores, v)


@form(PLAIN)
def einsum_of_one_key_head(g):
    x = tokens(g)
    q = heads(g, linear(g, x))
    k, v = linear(g, x, D, 1), linear(g, x, D, 2)
    scores = g.Mul(g.Einsum(q, k, equation="bhid,bjd->bhij"), 0.35355338)
    return joined(g, g.Einsum(g.Softmax(scores, axis=-1), v, equation="bhij,bjd->bhid"))


@form(PLAIN)
def einsum_of_five_dimensions(g):
    x = tokens(g)
    q = g.Reshape(linear(g, x), [B, S, 2, 2, D])
    k, v = [g.Reshape(linear(g, x, 2 * D, i), [B, S, 2, D]) for i in (1, 2)]
    scores = g.Mul(g.Einsum(q, k, equation="bqgrd,bkgd->bgrqk"), 0.35355338)
    y = g.Einsum(g.Softmax(scores, axis=-1), v, equation="bgrqk,bkgd->bqgrd")
    return g.Reshape(y, [B, S, WIDTH])


# ------------------------------------------------------------------ scale
@form(PLAIN)
def scale_of_the_query(g):
    q, k, v = projected(g)
    return attend(g, product(g, g.Mul(q, 0.35355338), k), v)


@form(PLAIN)
def scale_split_on_query_and_key(g):
    q, k, v = projected(g)
    root = 0.35355338 ** 0.5
    return attend(g, g.MatMul(g.Mul(q, root), g.Mul(g.Transpose(k, perm=[0, 1, 3, 2]), root)), v)


@form(PLAIN)
def scale_before_heads_are_split(g):
    x = tokens(g)
    q = heads(g, g.Mul(linear(g, x, seed=0), 0.35355338))
    k, v = [heads(g, linear(g, x, seed=i)) for i in (1, 2)]
    return attend(g, product(g, q, k), v)


@form(PLAIN)
def scale_before_the_transpose(g):
    x = tokens(g)
    q = g.Transpose(g.Mul(g.Reshape(linear(g, x), [B, S, H, D]), 0.35355338), perm=[0, 2, 1, 3])
    k, v = [heads(g, linear(g, x, seed=i)) for i in (1, 2)]
    return attend(g, product(g, q, k), v)


@form(["scale 0.35355"])
def scale_computed_from_the_shape(g):
    q, k, v = projected(g)
    depth = g.Cast(g.Gather(g.Shape(q), [-1]), to=TensorProto.FLOAT)
    return attend(g, g.Div(product(g, q, k), g.Sqrt(depth)), v)


@form(["scale 1.0"])
def scale_of_one(g):
    q, k, v = projected(g)
    return attend(g, product(g, q, k), v)


# -------------------------------------------------------- one product for all
def fused(g):
    return linear(g, tokens(g), 3 * WIDTH)


@form(PLAIN)
def fused_split(g):
    q, k, v = [heads(g, p) for p in g.Split(fused(g), axis=-1, num_outputs=3, outputs=3)]
    return attend(g, g.Mul(product(g, q, k), 0.35355338), v)


@form(PLAIN)
def fused_slices(g):
    x = fused(g)
    q, k, v = [heads(g, g.Slice(x, [i * WIDTH], [(i + 1) * WIDTH], [2])) for i in range(3)]
    return attend(g, g.Mul(product(g, q, k), 0.35355338), v)


@form(PLAIN)
def fused_five_dimensions_and_gather(g):
    x = g.Transpose(g.Reshape(fused(g), [B, S, 3, H, D]), perm=[2, 0, 3, 1, 4])
    q, k, v = [g.Gather(x, np.int64(i), axis=0) for i in range(3)]
    return attend(g, g.Mul(product(g, q, k), 0.35355338), v)


@form(PLAIN)
def fused_five_dimensions_and_split(g):
    x = g.Transpose(g.Reshape(fused(g), [B, S, 3, H, D]), perm=[2, 0, 3, 1, 4])
    q, k, v = [g.Squeeze(p, [0]) for p in g.Split(x, axis=0, num_outputs=3, outputs=3)]
    return attend(g, g.Mul(product(g, q, k), 0.35355338), v)


@form(PLAIN)
def fused_within_heads(g):
    x = g.Transpose(g.Reshape(fused(g), [B, S, H, 3 * D]), perm=[0, 2, 1, 3])
    q, k, v = g.Split(x, axis=-1, num_outputs=3, outputs=3)
    return attend(g, g.Mul(product(g, q, k), 0.35355338), v)


# ---------------------------------------------------------------- grouped heads
def grouped(g):
    x = tokens(g)
    return (heads(g, linear(g, x)), heads(g, linear(g, x, 2 * D, 1), 2),
            heads(g, linear(g, x, 2 * D, 2), 2))


GROUPED = [r"scale 0.35355", r"tensor<2x2x6x8xf32>"]


def repeated(g, repeat):
    q, k, v = grouped(g)
    k, v = repeat(k), repeat(v)
    return attend(g, g.Mul(product(g, q, k), 0.35355338), v)


@form(GROUPED)
def groups_by_expand(g):
    return repeated(g, lambda t: g.Reshape(g.Expand(g.Unsqueeze(t, [2]), [B, 2, 2, S, D]), [B, H, S, D]))


@form(GROUPED)
def groups_by_tile(g):
    return repeated(g, lambda t: g.Reshape(g.Tile(g.Unsqueeze(t, [2]), [1, 1, 2, 1, 1]), [B, H, S, D]))


@form(GROUPED)
def groups_by_gather(g):
    return repeated(g, lambda t: g.Gather(t, [0, 0, 1, 1], axis=1))


@form(GROUPED)
def groups_by_concat(g):
    def twice(t):
        t = g.Unsqueeze(t, [2])
        return g.Reshape(g.Concat(t, t, axis=2), [B, H, S, D])
    return repeated(g, twice)


@form(["scale 0.35355"], without=[r"tensor<2x2x6x8xf32>"])
def heads_repeated_in_turn_are_no_groups(g):
    return repeated(g, lambda t: g.Tile(t, [1, 2, 1, 1]))


# ---------------------------------------------------------------------- masks
def masked(g, mask):
    q, k, v = projected(g)
    return attend(g, mask(g.Mul(product(g, q, k), 0.35355338)), v)


def lower(size=S, keys=None):
    return np.tril(np.ones((size, keys or size), bool), (keys or size) - size)


CAUSAL, NO_BIAS = ["scale 0.35355.* causal"], ["bias", "mask"]


@form(CAUSAL, without=NO_BIAS)
def causal_by_where_of_a_constant(g):
    return masked(g, lambda s: g.Where(lower()[None, None], s, np.float32(-np.inf)))


@form(CAUSAL, without=NO_BIAS)
def causal_by_an_added_constant(g):
    return masked(g, lambda s: g.Add(s, np.where(lower(), 0, -np.inf)))


@form(CAUSAL, without=NO_BIAS)
def causal_by_an_added_finite_constant(g):
    return masked(g, lambda s: g.Add(s, np.where(lower(), 0, -1e9)))


@form(CAUSAL, without=NO_BIAS)
def causal_by_the_least_number(g):
    return masked(g, lambda s: g.Where(lower()[None, None], s, np.finfo(np.float32).min))


@form(CAUSAL, without=NO_BIAS)
def causal_by_trilu(g):
    return masked(g, lambda s: g.Add(s, g.Trilu(g.Expand(np.float32(-np.inf), [S, S]), np.int64(1), upper=1)))


@form(CAUSAL, without=NO_BIAS)
def causal_by_trilu_of_ones(g):
    def mask(s):
        ones = g.Trilu(g.Expand(np.float32(1), [S, S]), upper=0)
        return g.Where(g.Cast(ones, to=TensorProto.BOOL), s, np.float32(-1e9))
    return masked(g, mask)


def positions(g, s, axis):
    return g.Range(np.int64(0), g.Squeeze(g.Gather(g.Shape(s), [axis]), [0]), np.int64(1))


@form(CAUSAL, without=NO_BIAS)
def causal_by_range_greater(g):
    def mask(s):
        i, j = positions(g, s, 2), positions(g, s, 3)
        hidden = g.Greater(g.Unsqueeze(j, [0]), g.Unsqueeze(i, [1]))
        return g.Where(hidden, np.float32(-np.inf), s)
    return masked(g, mask)


@form(CAUSAL, without=NO_BIAS)
def causal_by_range_less_or_equal_inverted(g):
    def mask(s):
        i, j = positions(g, s, 2), positions(g, s, 3)
        seen = g.LessOrEqual(g.Unsqueeze(j, [0]), g.Unsqueeze(i, [1]))
        return g.Where(g.Not(seen), np.finfo(np.float32).min, s)
    return masked(g, mask)


@form(CAUSAL, without=NO_BIAS)
def causal_by_one_minus_the_triangle(g):
    def mask(s):
        triangle = g.Cast(lower(), to=TensorProto.FLOAT)
        return g.Add(s, g.Mul(g.Sub(np.float32(1), triangle), np.finfo(np.float32).min))
    return masked(g, mask)


@form(["scale 0.35355.* causal"], without=NO_BIAS)
def causal_over_a_past(g):
    x, past = tokens(g), 5
    q = heads(g, linear(g, x))
    k, v = [g.Concat(g.input(n, [B, H, past, D]), heads(g, linear(g, x, seed=i)), axis=2)
            for i, n in ((1, "pk"), (2, "pv"))]
    mask = np.tril(np.ones((S, S + past), bool), past)
    return attend(g, g.Where(mask, g.Mul(product(g, q, k), 0.35355338), np.float32(-np.inf)), v)


@form(["scale 0.35355.* causal"], without=NO_BIAS)
def causal_over_a_past_by_range(g):
    x, past = tokens(g), 5
    q = heads(g, linear(g, x))
    k, v = [g.Concat(g.input(n, [B, H, past, D]), heads(g, linear(g, x, seed=i)), axis=2)
            for i, n in ((1, "pk"), (2, "pv"))]
    s = g.Mul(product(g, q, k), 0.35355338)
    i, j = g.Add(positions(g, s, 2), np.int64(past)), positions(g, s, 3)
    seen = g.LessOrEqual(g.Unsqueeze(j, [0]), g.Unsqueeze(i, [1]))
    return attend(g, g.Where(seen, s, np.float32(-np.inf)), v)


@form([r"scale 0.35355.* causal left_window 2"], without=NO_BIAS)
def window_and_causal(g):
    mask = lower() & ~np.tril(np.ones((S, S), bool), -3)
    return masked(g, lambda s: g.Add(s, np.where(mask, 0, -np.inf)))


@form([r"scale 0.35355.* causal.* mask"], without=["bias"])
def causal_and_strided(g):
    i, j = np.arange(S)[:, None], np.arange(S)[None]
    mask = (j <= i) & ((i - j < 2) | ((i - j) % 2 == 0))
    return masked(g, lambda s: g.Add(s, np.where(mask, 0, -np.inf)))


@form([r"scale 0.35355.* bias"])
def bias_of_positions(g):
    bias = np.random.default_rng(5).standard_normal((1, H, S, S))
    return masked(g, lambda s: g.Add(s, bias))


@form([r"scale 0.35355.* bias.* mask|scale 0.35355.* causal.* bias"])
def bias_and_causal(g):
    bias = np.random.default_rng(5).standard_normal((1, H, S, S))
    return masked(g, lambda s: g.Where(lower(), g.Add(s, bias), np.float32(-np.inf)))


@form([r"scale 0.35355.* mask"], without=["key_lengths"])
def mask_of_an_input_stays_a_mask(g):
    def mask(s):
        seen = g.Cast(g.input("mask", [B, S], TensorProto.INT64), to=TensorProto.BOOL)
        return g.Where(g.Unsqueeze(seen, [1, 2]), s, np.float32(-np.inf))
    return masked(g, mask)


# --------------------------------------------------------------------- lengths
LENGTHS, NO_MASK = [r"scale 0.35355.* key_lengths"], ["bias", r"mask\("]


def lengths(g, kind=TensorProto.INT64):
    return g.input("lengths", [B], kind)


@form(LENGTHS, without=NO_MASK)
def lengths_by_less(g):
    n = lengths(g)
    return masked(g, lambda s: g.Where(
        g.Unsqueeze(g.Less(g.Unsqueeze(positions(g, s, 3), [0]), g.Unsqueeze(n, [1])), [1, 2]),
        s, np.float32(-np.inf)))


@form(LENGTHS, without=NO_MASK)
def lengths_by_greater_of_expanded(g):
    n = lengths(g)

    def mask(s):
        row = g.Expand(g.Unsqueeze(g.Range(np.int64(0), np.int64(S), np.int64(1)), [0]), [B, S])
        seen = g.Greater(g.Expand(g.Unsqueeze(n, [1]), [B, S]), row)
        return g.Where(g.Reshape(seen, [B, 1, 1, S]), s, np.float32(-np.inf))
    return masked(g, mask)


@form(LENGTHS, without=NO_MASK)
def lengths_of_what_is_hidden(g):
    n = lengths(g)

    def mask(s):
        hidden = g.GreaterOrEqual(positions(g, s, 3), g.Reshape(n, [B, 1, 1, 1]))
        return g.Where(hidden, np.finfo(np.float32).min, s)
    return masked(g, mask)


@form(LENGTHS, without=NO_MASK)
def lengths_as_an_added_term(g):
    n = lengths(g, TensorProto.INT32)

    def mask(s):
        row = g.Range(np.int64(0), np.int64(S), np.int64(1))
        seen = g.Less(row, g.Unsqueeze(g.Cast(n, to=TensorProto.INT64), [1]))
        number = g.Cast(seen, to=TensorProto.FLOAT)
        term = g.Mul(g.Sub(np.float32(1), number), np.finfo(np.float32).min)
        return g.Add(s, g.Unsqueeze(term, [1, 2]))
    return masked(g, mask)


@form(LENGTHS, without=NO_MASK)
def lengths_up_to_and_with(g):
    n = lengths(g)
    return masked(g, lambda s: g.Where(
        g.LessOrEqual(positions(g, s, 3), g.Reshape(n, [B, 1, 1, 1])), s, np.float32(-np.inf)))


@form([r"scale 0.35355.* causal.* key_lengths"], without=NO_MASK)
def lengths_and_causal(g):
    n = lengths(g)

    def mask(s):
        row, column = positions(g, s, 3), positions(g, s, 2)
        short = g.Less(row, g.Reshape(n, [B, 1, 1, 1]))
        seen = g.And(short, g.LessOrEqual(g.Unsqueeze(row, [0]), g.Unsqueeze(column, [1])))
        return g.Where(seen, s, np.float32(-np.inf))
    return masked(g, mask)


@form([r"scale 0.35355.* mask"], without=["key_lengths"])
def lengths_of_queries_are_none_of_keys(g):
    n = lengths(g)
    return masked(g, lambda s: g.Where(
        g.Less(g.Unsqueeze(positions(g, s, 2), [1]), g.Reshape(n, [B, 1, 1, 1])), s,
        np.float32(-1e9)))


# ------------------------------------------------------------- folded batches
@form([r"scale 0.35355.* bias"])
def shifted_windows(g):
    """Windows are of the batch; their mask comes between two reshapes."""
    q, k, v = projected(g)
    rows = np.random.default_rng(7)
    s = g.Add(g.Mul(product(g, q, k), 0.35355338), rows.standard_normal((1, H, S, S)))
    mask = np.where(rows.random((1, 2, 1, S, S)) < 0.3, -100.0, 0.0)
    s = g.Add(g.Reshape(s, [1, 2, H, S, S]), mask)
    return attend(g, g.Reshape(s, [B, H, S, S]), v)


@form([r"scale 0.35355.* bias"])
def shifted_windows_of_a_batch(g):
    x = g.input("x", [4, S, WIDTH])
    q, k, v = [g.Transpose(g.Reshape(linear(g, x, seed=i), [4, S, H, D]), perm=[0, 2, 1, 3])
               for i in range(3)]
    rows = np.random.default_rng(7)
    mask = np.where(rows.random((2, S, S)) < 0.3, -100.0, 0.0)
    s = g.Reshape(g.Mul(product(g, q, k), 0.35355338), [2, 2, H, S, S])
    s = g.Reshape(g.Add(s, g.Unsqueeze(mask, [0, 2])), [-1, H, S, S])
    y = g.MatMul(g.Softmax(s, axis=-1), v)
    return g.Reshape(g.Transpose(y, perm=[0, 2, 1, 3]), [4, S, WIDTH])


@form([r"scale 0.35355.* mask|scale 0.35355.* causal"])
def mask_of_folded_heads(g):
    x = tokens(g)
    q, k, v = [g.Reshape(heads(g, linear(g, x, seed=i)), [B * H, S, D]) for i in range(3)]
    s = g.Mul(g.MatMul(q, g.Transpose(k, perm=[0, 2, 1])), 0.35355338)
    seen = g.Cast(g.input("mask", [B, S], TensorProto.INT64), to=TensorProto.BOOL)
    s = g.Where(g.Unsqueeze(seen, [1, 2]), g.Reshape(s, [B, H, S, S]), np.float32(-np.inf))
    y = g.MatMul(g.Softmax(g.Reshape(s, [B * H, S, S]), axis=-1), v)
    return joined(g, g.Reshape(y, [B, H, S, D]))


@form([r"scale 0.35355.* mask"])
def probabilities_folded_after_the_softmax(g):
    x = tokens(g)
    q, k, v = [g.Reshape(heads(g, linear(g, x, seed=i)), [B * H, S, D]) for i in range(3)]
    slopes = np.random.default_rng(3).standard_normal((B * H, 1, S))
    s = g.Add(g.Mul(g.MatMul(q, g.Transpose(k, perm=[0, 2, 1])), 0.35355338), slopes)
    seen = g.Cast(g.input("mask", [B, S], TensorProto.INT64), to=TensorProto.BOOL)
    s = g.Where(g.Unsqueeze(seen, [1, 2]), g.Reshape(s, [B, H, S, S]), np.float32(-np.inf))
    y = g.MatMul(g.Reshape(g.Softmax(s, axis=-1), [B * H, S, S]), v)
    return joined(g, g.Reshape(y, [B, H, S, D]))
