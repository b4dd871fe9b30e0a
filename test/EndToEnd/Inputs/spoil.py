"""Writes inputs with one number replaced: spoil.py IN.npz NAME VALUE OUT.npz."""

import sys

import numpy as np

source, name, value, target = sys.argv[1:]
arrays = dict(np.load(source))
arrays[name] = arrays[name].copy()
arrays[name].flat[1] = type(arrays[name].flat[1].item())(value)
np.savez(target, **arrays)
