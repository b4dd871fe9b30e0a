"""Trains a small vision transformer on scikit-learn's handwritten digits.

usage: train.py [FOLDER]     (default: this folder)

Writes FOLDER/vit.onnx, exported by PyTorch with an open batch size, and
FOLDER/test.npz: the held-out images (uint8 [N, 8, 8], 0 to 16) and labels;
FOLDER/train.npz has the others. The
seeds are fixed and everything runs on one thread, so that a machine with the
same packages (requirements.txt) trains the same model.

The model sees float32 [batch, 1, 8, 8] with values 0 to 1 and gives float32
[batch, 10], one score a digit.
"""

import os
import sys

import numpy as np
import onnx
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

WIDTH, HEADS, LAYERS, HIDDEN = 48, 4, 4, 96
EPOCHS, BATCH = 120, 64


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm_attention = nn.LayerNorm(WIDTH)
        self.query_key_value = nn.Linear(WIDTH, 3 * WIDTH)
        self.project = nn.Linear(WIDTH, WIDTH)
        self.norm_hidden = nn.LayerNorm(WIDTH)
        self.expand = nn.Linear(WIDTH, HIDDEN)
        self.contract = nn.Linear(HIDDEN, WIDTH)

    def forward(self, x):
        batch, tokens, _ = x.shape
        qkv = self.query_key_value(self.norm_attention(x))
        query, key, value = qkv.view(batch, tokens, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        heads = nn.functional.scaled_dot_product_attention(query, key, value)
        x = x + self.project(heads.transpose(1, 2).reshape(batch, tokens, WIDTH))
        return x + self.contract(nn.functional.gelu(self.expand(self.norm_hidden(x))))


class VisionTransformer(nn.Module):
    """Patches of 2x2 pixels, a class token, learnt positions, pre-norm blocks."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(1, WIDTH, kernel_size=2, stride=2)
        self.class_token = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.positions = nn.Parameter(0.02 * torch.randn(1, 17, WIDTH))
        self.blocks = nn.Sequential(*[Block() for _ in range(LAYERS)])
        self.norm = nn.LayerNorm(WIDTH)
        self.classify = nn.Linear(WIDTH, 10)

    def forward(self, images):
        x = self.patches(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_token.expand(x.shape[0], -1, -1), x], dim=1) + self.positions
        return self.classify(self.norm(self.blocks(x))[:, 0])


def shifted(images, generator):
    """Each image moved by up to one pixel each way."""
    padded = nn.functional.pad(images, (1, 1, 1, 1))
    moves = torch.randint(0, 3, (len(images), 2), generator=generator)
    rows = moves[:, :1] + torch.arange(8)
    columns = moves[:, 1:] + torch.arange(8)
    index = torch.arange(len(images))[:, None, None]
    return padded[index, 0, rows[:, :, None], columns[:, None, :]].unsqueeze(1)


def train(model, images, labels):
    generator = torch.Generator().manual_seed(0)
    steps = EPOCHS * ((len(images) + BATCH - 1) // BATCH)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=2e-3, total_steps=steps)
    for epoch in range(EPOCHS):
        total = 0.0
        for part in torch.randperm(len(images), generator=generator).split(BATCH):
            scores = model(shifted(images[part], generator))
            loss = nn.functional.cross_entropy(scores, labels[part], label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(part)
        if epoch % 20 == 19:
            print(f"epoch {epoch + 1}: loss {total / len(images):.4f}", flush=True)


def forget_origin(path):
    """Drops the exporter's notes: Python stack traces, a third of the file."""
    model = onnx.load(path)
    for node in model.graph.node:
        del node.metadata_props[:]
    for value in [*model.graph.value_info, *model.graph.input, *model.graph.output]:
        del value.metadata_props[:]
    del model.graph.metadata_props[:]
    onnx.save(model, path)


def main(folder):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    digits = load_digits()
    pixels = digits.images.astype(np.uint8)
    train_x, test_x, train_y, test_y = train_test_split(
        pixels, digits.target, test_size=360, random_state=0, stratify=digits.target
    )
    as_input = lambda images: torch.from_numpy(images[:, None].astype(np.float32) / 16)
    model = VisionTransformer()
    train(model, as_input(train_x), torch.from_numpy(train_y))
    model.eval()
    with torch.no_grad():
        right = (model(as_input(test_x)).argmax(1).numpy() == test_y).mean()
    print(f"{sum(p.numel() for p in model.parameters())} weights, test accuracy {100 * right:.2f}%")
    if right < 0.97:
        sys.exit("the accuracy is below 97%: nothing was written")
    path = os.path.join(folder, "vit.onnx")
    torch.onnx.export(
        model,
        (as_input(test_x[:2]),),
        path,
        input_names=["images"],
        output_names=["scores"],
        dynamic_shapes={"images": {0: torch.export.Dim("batch")}},
        dynamo=True,
        external_data=False,
    )
    forget_origin(path)
    for name, images, labels in (("test", test_x, test_y), ("train", train_x, train_y)):
        path = os.path.join(folder, name + ".npz")
        np.savez_compressed(path, images=images, labels=labels.astype(np.uint8))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__)))
