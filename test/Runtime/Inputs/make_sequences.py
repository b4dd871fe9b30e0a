"""Writes a model with sequences. usage: make_sequences.py FOLDER"""

import sys

import numpy as np
from reference import write

# Split, put together again in another order, in a loop that is written out and
# by one that takes the parts of a list; lengths and sizes are shape arithmetic.
MODEL = """
<ir_version: 10, opset_import: ["" : 21]>
g (float[4, n, 2] x) => (float[4, m] y, float[3, k, 2] z, float[4, n, 2] w, int64 length, float[q, n, 2] v) {
  parts = SplitToSequence <axis = 0, keepdims = 0> (x)
  zero = Constant <value = int64 {0}> ()
  last = Constant <value = int64 {-1}> ()
  yes = Constant <value = bool {1}> ()
  head = SequenceAt (parts, zero)
  tail = SequenceAt (parts, last)
  less = SequenceErase (parts, zero)
  more = SequenceInsert (less, head)
  w = ConcatFromSequence <axis = 0, new_axis = 1> (more)
  length = SequenceLength (more)
  three = SequenceErase (more)
  z = ConcatFromSequence <axis = 0, new_axis = 1> (three)
  none = SequenceEmpty ()
  flat = Constant <value_ints = [4, -1]> ()
  rows = Loop (length, yes, none) <body = b (int64 i, bool c, seq(float[n, 2]) s) => (bool d, seq(float[n, 2]) t) {
    d = Identity (c)
    item = SequenceAt (parts, i)
    twice = Add (item, item)
    t = SequenceInsert (s, twice)
  }>
  all = ConcatFromSequence <axis = 0> (rows)
  y = Reshape (all, flat)
  pair = SequenceConstruct (head, tail)
  v = ConcatFromSequence <axis = 0, new_axis = 1> (pair)
}
"""

write("sequences", MODEL, [{"x": np.arange(24, dtype=np.float32).reshape(4, 3, 2)}], sys.argv[1])
