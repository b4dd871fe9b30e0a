"""ptxas accepts kernels of attention whose sequences have no padding, or whose tiles of
keys are listed, for heads of all sizes of tiles and three architectures, without spills.

usage: cuda_attention_ptx.py WORK PTXAS
"""

import sys

from check_ptx import ARCHITECTURES, check
from cuda_attention import Case, text_of
from report import report

FORMS = {
    "sequences": dict(sequences=[300, 20]),
    "sequences causal": dict(sequences=[300, 20], attributes="softcap 30.0 causal"),
    "tiles": dict(mask=(1, 1, 5, 8), queries=320, keys=512, attributes="mask_block 64", open_sizes=False,
                  pattern=lambda i, j, b, h: (i + j) % 2 == 0),
    "tiles with a bias": dict(mask=(2, 1, 320, 500), bias=(1, 2, 320, 500), queries=320, keys=500, open_sizes=False,
                              attributes="causal", pattern=lambda i, j, b, h: (i // 64 + j // 64 + b) % 2 == 0),
}


def results(work, ptxas):
    for form, options in FORMS.items():
        for type_ in ("f16", "f32"):
            for size in (64, 128, 256):
                model = work + ".mlir"
                with open(model, "w", encoding="utf-8") as file:
                    file.write(text_of(Case(type=type_, size=size, **options), None))
                for arch in ARCHITECTURES:
                    yield f"{form}, {type_}, {size}, {arch}", check(model, work, ptxas, arch, [])


def main(work, ptxas):
    return report(results(work, ptxas), "kernels")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
