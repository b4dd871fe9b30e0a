"""Compares what tfc says that options would save with what they do.

usage: check_savings.py WORK

A transformer of an image by patches of 8, in f32, is compiled for 1 KB of SRAM, with
an image of 48x48 and one of 32x32, which is the smaller image that the message about
the first offers. The plans must be equal to the byte. The number of tokens is in
positions, attention and the classes' token; strips and a convolution come before.
"""

import os
import re
import subprocess
import sys

MODEL = """
#all = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#row = affine_map<(d0, d1, d2) -> (d2)>
#x = affine_map<(d0, d1, d2) -> (d0, d2)>
#y = affine_map<(d0, d1, d2) -> (d1, d2)>
#yt = affine_map<(d0, d1, d2) -> (d2, d1)>
#o = affine_map<(d0, d1, d2) -> (d0, d1)>
func.func @main_graph(%image: tensor<1x3xHxHxf32> {tfc.name = "image"}) -> (tensor<Tx16xf32> {tfc.name = "y"}) {
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense<0.25> : tensor<16x3x8x8xf32>
  %b = arith.constant dense<0.5> : tensor<16xf32>
  %class = arith.constant dense<1.0> : tensor<1x1x16xf32>
  %positions = arith.constant dense<0.125> : tensor<1xTx16xf32>
  %init = tensor.empty() : tensor<1xNx16xf32>
  %patches = attn.patch_embed ins(%image, %w : tensor<1x3xHxHxf32>, tensor<16x3x8x8xf32>) bias(%b : tensor<16xf32>) outs(%init : tensor<1xNx16xf32>) -> tensor<1xNx16xf32>
  %tokens = tensor.concat dim(1) %class, %patches : (tensor<1x1x16xf32>, tensor<1xNx16xf32>) -> tensor<1xTx16xf32>
  %e = tensor.empty() : tensor<1xTx16xf32>
  %sum = linalg.add ins(%tokens, %positions : tensor<1xTx16xf32>, tensor<1xTx16xf32>) outs(%e : tensor<1xTx16xf32>) -> tensor<1xTx16xf32>
  %flat = tensor.collapse_shape %sum [[0, 1], [2]] : tensor<1xTx16xf32> into tensor<Tx16xf32>
  %se = tensor.empty() : tensor<TxTxf32>
  %ss = linalg.fill ins(%zero : f32) outs(%se : tensor<TxTxf32>) -> tensor<TxTxf32>
  %scores = linalg.generic {indexing_maps = [#x, #y, #o], iterator_types = ["parallel", "parallel", "reduction"]} ins(%flat, %flat : tensor<Tx16xf32>, tensor<Tx16xf32>) outs(%ss : tensor<TxTxf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %a = arith.addf %m, %out : f32
    linalg.yield %a : f32
  } -> tensor<TxTxf32>
  %exp = linalg.exp ins(%scores : tensor<TxTxf32>) outs(%se : tensor<TxTxf32>) -> tensor<TxTxf32>
  %ye = tensor.empty() : tensor<Tx16xf32>
  %ys = linalg.fill ins(%zero : f32) outs(%ye : tensor<Tx16xf32>) -> tensor<Tx16xf32>
  %mixed = linalg.generic {indexing_maps = [#x, #yt, #o], iterator_types = ["parallel", "parallel", "reduction"]} ins(%exp, %flat : tensor<TxTxf32>, tensor<Tx16xf32>) outs(%ys : tensor<Tx16xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %a = arith.addf %m, %out : f32
    linalg.yield %a : f32
  } -> tensor<Tx16xf32>
  %y = linalg.add ins(%mixed, %flat : tensor<Tx16xf32>, tensor<Tx16xf32>) outs(%ye : tensor<Tx16xf32>) -> tensor<Tx16xf32>
  return %y : tensor<Tx16xf32>
}
"""


def said(work, side, *options):
    """The error about a model of `side` pixels."""
    patches = (side // 8) ** 2
    text = MODEL
    for letter, size in (("H", side), ("N", patches), ("T", patches + 1)):
        text = re.sub(rf"(?<=[x<]){letter}(?=x)", str(size), text)
    model = os.path.join(work, f"{side}.mlir")
    with open(model, "w", encoding="utf-8") as file:
        file.write(text)
    done = subprocess.run(["tfc", model, "--target=cortex-m7", "--sram=1K", "-o", model + ".o", *options],
                          capture_output=True, text=True)
    if done.returncode != 1:
        sys.exit(f"error: {done.returncode} instead of a refusal: {done.stderr}")
    return done.stderr


def needed(text):
    """Arena, and what the caller holds."""
    arena, inputs, outputs = map(int, re.search(
        r"arena (\d+), stack \d+; of the caller's, inputs (\d+), outputs (\d+)", text).groups())
    return arena, inputs + outputs


def main(work):
    os.makedirs(work, exist_ok=True)
    faults = 0
    for streamed in ([], ["--input-stream"]):
        now = said(work, 48, *streamed)
        options = [(how, *map(int, numbers)) for how, *numbers in re.findall(
            r"note: (with 1x3x32x32|with --input-stream=image|in int8).*: (\d+) bytes less "
            r"\(arena (\d+), inputs and outputs (\d+)\)", now)]
        expected = ["with 1x3x32x32", "in int8"] if streamed else [
            "with --input-stream=image", "with 1x3x32x32", "in int8"]
        if [how for how, *_ in options] != expected:
            sys.exit("error: other options than expected\n" + now)
        for how, less, arena, held in options:
            if how == "in int8":
                continue
            real = needed(said(work, 32, *streamed) if how == "with 1x3x32x32"
                          else said(work, 48, "--input-stream"))
            print(f"{how}: {arena}, {held}, in fact {real}, {less} less")
            faults += real != (arena, held) or sum(needed(now)) - sum(real) != less
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main(sys.argv[1])
