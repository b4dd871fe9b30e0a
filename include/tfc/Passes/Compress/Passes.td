//===- Passes.td - models with smaller numbers -------------*- tablegen -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_PASSES_TD
#define TFC_PASSES_COMPRESS_PASSES_TD

include "mlir/Pass/PassBase.td"

def ExposePass : Pass<"attn-expose", "mlir::func::FuncOp"> {
  let summary = "Write attention, patches and activations as what is quantised in them";
  let description = [{
    Quantisation gives each tensor a scale. Those inside attention by softmax (the
    scores before and after their scale and mask, the probabilities), between a
    linear layer and its activation, and the patches of an image become values:

    ```mlir
    %y = attn.attention scale 0.5 ins(%q, %k, %v : ...) outs(%init : ...) -> tensor<1x4x8x16xf32>
    // becomes
    %products = linalg.generic {...} ins(%q, %k) { arith.mulf, arith.addf } -> tensor<1x4x8x8xf32>
    %scores = linalg.generic {...} ins(%products) { arith.mulf by 0.5 }
    %most = linalg.generic {...} ins(%scores) { arith.maximumf }
    %below = linalg.generic {...} ins(%scores, %most) { arith.subf }
    %powers = linalg.generic {...} ins(%below) { math.exp }
    %sums = linalg.generic {...} ins(%powers) { arith.addf }
    %shares = linalg.generic {...} ins(%powers, %sums) { arith.divf }
    %y = linalg.generic {...} ins(%shares, %v) { arith.mulf, arith.addf } -> tensor<1x4x8x16xf32>
    ```

    Left alone are other element types than f32, other score functions, lists of
    blocks and the greatest scores alone (`top`), and attention whose rows may see
    nothing and are zero then: such a row does not survive rounding.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
                           "mlir::math::MathDialect", "mlir::tensor::TensorDialect"];
}

def ObservePass : Pass<"attn-observe", "mlir::func::FuncOp"> {
  let summary = "Return the tensors whose ranges quantisation must know";
  let description = [{
    Each becomes a result of its own, in the order in which `attn-quantize` on the
    same function takes their ranges; `tfc.observed` of the result is its number. Of
    what goes into a softmax, elements that are more than 12 below the largest of
    their row are given as that: exp(-12) of it rounds to nothing, and a mask's
    -infinity is no range.

    ```mlir
    func.func @f(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
      %y = attn.norm rms axis 1 epsilon 1.0e-05 ins(%x : tensor<4x8xf32>) ...
      return %y : tensor<4x8xf32>
    // becomes
    func.func @f(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32> {tfc.observed = 0}, tensor<4x8xf32> {tfc.observed = 1}) {
      %y = attn.norm rms axis 1 epsilon 1.0e-05 ins(%x : tensor<4x8xf32>) ...
      return %y, %x, %y : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
                           "mlir::tensor::TensorDialect"];
}

def QuantizePass : Pass<"attn-quantize", "mlir::func::FuncOp"> {
  let summary = "Quantise an f32 function to int8 with known ranges of its tensors";
  let description = [{
    What products, norms, softmax, sums, means and functions of elements read and give
    is rounded to int8 with one scale and zero point a tensor (`attn.quantize`, then
    `attn.dequantize`), so that nothing is left in f32 between but what one integer
    kernel computes: a bias, the inside of a softmax, a chain of functions of one
    tensor. Constant weights become int8 with a symmetric scale for each output
    (-127 to 127), biases int32 whose scale is that of x times that of the weight,
    other constants int8 with a scale and a zero point.

    `ranges` has the least and the greatest element of each tensor that `attn-observe`
    on the same function returns. 0 is in each range. Probabilities have scale 1/256
    and zero point -128; what only moves elements keeps the scale of its operand, and
    so does a product with a number, times that; what is joined has one range.

    ```mlir
    %y = attn.linear ins(%x, %w : tensor<4x8xf32>, tensor<8x2xf32>) outs(%init : tensor<4x2xf32>) -> tensor<4x2xf32>
    // becomes, with ranges=-1.0,1.55,-2.0,3.1
    %xi = attn.quantize ins(%x : ...) as !quant.uniform<i8:f32, 0.01:-28> ...
    %xf = attn.dequantize ins(%xi : ...) as !quant.uniform<i8:f32, 0.01:-28> ...
    %wf = attn.dequantize ins(%wi : tensor<8x2xi8>) as !quant.uniform<i8:f32:1, {0.002, 0.003}> ...
    %yf = attn.linear ins(%xf, %wf : ...) ...
    %yi = attn.quantize ins(%yf : ...) as !quant.uniform<i8:f32, 0.02:-28> ...
    %y = attn.dequantize ins(%yi : ...) as !quant.uniform<i8:f32, 0.02:-28> ...
    ```

    With `correct-biases` the bias of a linear layer takes up what rounding its weight
    changes of its outputs on average, (w - w')^T E[x] (Nagel et al. 2019, section 4.2),
    where `tfc.input_mean` says what goes in; a layer without a bias gets one.

    What comes from the nodes of `keep` stays in f32, with its constants. What they read
    is rounded where a node in int8 gives it, what they give where one reads it. An
    unknown name is refused.

    Operations of no such kind (rotations, scans, experts, caches, comparisons) stay in
    f32, as does what is computed inside of loops. A function that is quantised already
    is refused, and so is another number of ranges.
  }];
  let options = [
    ListOption<"ranges", "ranges", "double",
      "the least and the greatest element of each observed tensor">,
    Option<"correctBiases", "correct-biases", "bool", "false",
      "add what rounding weights changes on average to biases of linear layers, which "
      "need tfc.input_mean">,
    ListOption<"keep", "keep", "std::string", "names of nodes that stay in f32">];
  let dependentDialects = ["attn::AttnDialect", "mlir::arith::ArithDialect",
                           "mlir::quant::QuantDialect", "mlir::tensor::TensorDialect"];
}

def ObserveInputsPass : Pass<"attn-observe-inputs", "mlir::func::FuncOp"> {
  let summary = "Return sums over what goes into linear layers";
  let description = [{
    Each x of an `attn.linear` with a constant weight gives four more results: the
    sum of x x^T over its rows, the sum of its rows, the greatest |x| of each column,
    and how many rows there were. Sums of
    many calls give E[x x^T] and E[x], which the driver attaches to the layers as
    `tfc.input_moments` and `tfc.input_mean`, beside `tfc.input_greatest`. An x that several layers read is
    observed once; the attributes of the results have its number.

    ```mlir
    func.func @f(%x: tensor<4x8xf32>) -> tensor<4x2xf32> {
      %y = attn.linear ins(%x, %w : tensor<4x8xf32>, tensor<8x2xf32>) ...
      return %y : tensor<4x2xf32>
    // becomes
    func.func @f(%x: tensor<4x8xf32>) -> (tensor<4x2xf32>, tensor<8x8xf32> {tfc.sum_of_moments = 0 : i32},
                                          tensor<8xf32> {tfc.sum_of_rows = 0 : i32},
                                          tensor<8xf32> {tfc.greatest_of_columns = 0 : i32},
                                          tensor<i64> {tfc.number_of_rows = 0 : i32}) {
      %y = attn.linear ins(%x, %w : tensor<4x8xf32>, tensor<8x2xf32>) ...
      %moments = linalg.generic {...} ins(%x, %x) { arith.mulf, arith.addf } -> tensor<8x8xf32>
      %sum = linalg.generic {...} ins(%x) { arith.addf } -> tensor<8xf32>
      %greatest = linalg.generic {...} ins(%x) { math.absf, arith.maximumf } -> tensor<8xf32>
      %rows = arith.constant dense<4> : tensor<i64>
      return %y, %moments, %sum, %greatest, %rows : ...
    ```

    Left alone are other element types than f32, and layers inside of loops.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
                           "mlir::math::MathDialect", "mlir::tensor::TensorDialect"];
}

def SmoothPass : Pass<"attn-smooth", "mlir::func::FuncOp"> {
  let summary = "Move large columns of what goes into linear layers to their weights";
  let description = [{
    One scale for a tensor is wasted on columns that are much larger than others. Column
    j is divided by s_j = (greatest |x_j|)^alpha / (greatest |w_j|)^(1 - alpha), and row j
    of the weights multiplied by it (SmoothQuant; Xiao et al. 2022, equation 4). What
    gives x takes up the division, so that no operation is added:

    ```mlir
    %x = attn.norm layer axis 1 epsilon 1.0e-05 ins(%a : ...) scale(%g : tensor<64xf32>) bias(%b : ...) ...
    %y = attn.linear ins(%x, %w : tensor<?x64xf32>, tensor<64x256xf32>) ...
    // becomes
    %x = attn.norm layer axis 1 epsilon 1.0e-05 ins(%a : ...) scale(%g_over_s : tensor<64xf32>) bias(%b_over_s : ...) ...
    %y = attn.linear ins(%x, %w_times_s : tensor<?x64xf32>, tensor<64x256xf32>) ...
    ```

    That is a norm of the last dimension, or a linear layer without an activation or
    with ReLU, also where its result is multiplied by another tensor. All layers that
    read x have one s, from the greatest row of any. The result is the same but for
    rounding. `tfc.input_greatest` says how large columns are.

    Left alone are layers whose input anything else reads or gives, or is not known, and
    weights that others read; the report says so. Refused are alpha outside of 0 to 1,
    unknown sites, and a function of which no input is known.
  }];
  let options = [
    Option<"alpha", "alpha", "double", "0.5", "0 evens the weights' rows, 1 the columns of x">,
    ListOption<"sites", "sites", "std::string", "the only layers to change">];
  let dependentDialects = ["attn::AttnDialect", "mlir::arith::ArithDialect",
                           "mlir::tensor::TensorDialect"];
}

def LowRankPass : Pass<"attn-low-rank", "mlir::func::FuncOp"> {
  let summary = "Write linear layers as two narrower ones";
  let description = [{
    A weight [K, N] of f32 becomes a product of [K, R] and [R, N], where that holds
    fewer numbers:

    ```mlir
    %y = attn.linear ins(%x, %w : tensor<4x64xf32>, tensor<64x256xf32>) bias(%b : ...)
                     outs(%init : ...) activation gelu_erf -> tensor<4x256xf32>
    // becomes, with rank=16
    %h = attn.linear ins(%x, %wa : tensor<4x64xf32>, tensor<64x16xf32>) outs(%narrow : ...) -> tensor<4x16xf32>
    %y = attn.linear ins(%h, %wb : tensor<4x16xf32>, tensor<16x256xf32>) bias(%c : ...)
                     outs(%init : ...) activation gelu_erf -> tensor<4x256xf32>
    ```

    How the factors are found is `method`:

    - `svd`: the nearest product to the weight (Eckart, Young 1936).
    - `whitened`: the product whose results are nearest to those of the layer on
      average over what goes into it, which is said by the attributes
      `tfc.input_moments` and `tfc.input_mean`. Both are centred, and the bias takes
      up the mean of what is left out.
    - `snmf`: the second factor has no number below 0 (Ding, Li, Jordan 2010).
    - `exact`: the least rank with which the weight stays what it is but for
      rounding. Singular values count that are above max(K, N) times f32's epsilon
      times the greatest.

    Without it layers are `whitened` whose statistics are known, and `svd` else. One
    of `rank`, `energy` and `budget` says the ranks, and `ranks` those of some sites,
    or of these only, without one for all. Sites are called as the ONNX node.

    Left alone are layers that would not become smaller, and those whose weight
    others read too or is not constant or of another type; the report says so.
    Refused are unknown sites, ranks asked for a site that cannot have them, and
    statistics of another width than the layer's.
  }];
  let options = [
    Option<"rank", "rank", "int64_t", "0", "the rank of all layers">,
    Option<"energy", "energy", "double", "0",
      "the least rank that keeps this share of the squares of a layer's results, or, "
      "where nothing is known of what goes in, of its singular values">,
    Option<"budget", "budget", "double", "0",
      "ranks with which the layers together hold this share of their weights' numbers">,
    ListOption<"ranks", "ranks", "std::string", "the rank of each of some sites, as site=16">,
    ListOption<"sites", "sites", "std::string", "the only layers to change">,
    Option<"method", "method", "std::string", "\"\"", "svd, whitened, snmf or exact">,
    ListOption<"methods", "methods", "std::string",
      "the method of each of some sites, as site=svd; exact is for all or none">];
  let dependentDialects = ["attn::AttnDialect", "mlir::arith::ArithDialect",
                           "mlir::tensor::TensorDialect"];
}

def QuantizeWeightsPass : Pass<"attn-quantize-weights", "mlir::func::FuncOp"> {
  let summary = "Store weights of linear layers as integers with scales by groups";
  let description = [{
    Weights become int8 or int4, with a scale, and with `asymmetric` a zero point, for
    each `group` of rows of each column; activations stay in f32:

    ```mlir
    %y = attn.linear ins(%x, %w : tensor<4x64xf32>, tensor<64x256xf32>) ...
    // becomes, with bits=4 group=32
    %wf = attn.dequantize ins(%wi : tensor<64x256xi8>) as !quant.uniform<i4:f32:{0:32, 1:1}, {...}>
                          outs(%init : tensor<64x256xf32>) -> tensor<64x256xf32>
    %y = attn.linear ins(%x, %wf : tensor<4x64xf32>, tensor<64x256xf32>) ...
    ```

    `method` says how numbers are rounded:

    - `nearest`: each by itself.
    - `gptq`: row after row, what rounding changes of the layer's results on average over
      what goes into it being taken up by the rows to come (Frantar et al. 2022), the
      bias by the mean (Nagel et al. 2019). Needs `tfc.input_moments` and
      `tfc.input_mean`.

    Without it layers are rounded by `gptq` whose statistics are known, and to the
    `nearest` else. Layers that share a weight go on sharing it, and count together.

    Left alone are layers whose weight others read too or is not constant, of another
    type or not finite, and those that would not become smaller; the report says so.
    Refused are unknown sites, sites that `sites` names and that cannot be changed, and
    statistics of another width than the layer's.
  }];
  let options = [
    Option<"bits", "bits", "unsigned", "8", "4 or 8">,
    Option<"group", "group", "int64_t", "32",
      "rows of a column that share a scale; 0: all. Even with bits=4">,
    Option<"asymmetric", "asymmetric", "bool", "false", "give each group a zero point">,
    Option<"method", "method", "std::string", "\"\"", "nearest or gptq">,
    Option<"damping", "damping", "double", "0.01",
      "with gptq, added to the variances of inputs, as a share of their mean">,
    ListOption<"sites", "sites", "std::string", "the only layers to change">];
  let dependentDialects = ["attn::AttnDialect", "mlir::arith::ArithDialect",
                           "mlir::quant::QuantDialect", "mlir::tensor::TensorDialect"];
}

def PrunePass : Pass<"attn-prune", "mlir::func::FuncOp"> {
  let summary = "Take heads, hidden channels, residual blocks and layers out";
  let description = [{
    Shapes really shrink: weights and biases on both sides, reshapes, slices of joined
    products, and heads that share keys, which go together. What a site is called is the
    name of the linear layer that sums over its heads or channels.

    ```mlir
    %h = attn.linear ins(%x, %w1 : tensor<?x64xf32>, tensor<64x256xf32>) ... -> tensor<?x256xf32>
    %a = linalg.generic {...} ins(%h) { arith.maximumf } -> tensor<?x256xf32>
    %y = attn.linear ins(%a, %w2 : tensor<?x256xf32>, tensor<256x64xf32>) ... -> tensor<?x64xf32>
    // becomes, with channel-share=0.5
    %h = attn.linear ins(%x, %w1s : tensor<?x64xf32>, tensor<64x128xf32>) ... -> tensor<?x128xf32>
    %a = linalg.generic {...} ins(%h) { arith.maximumf } -> tensor<?x128xf32>
    %y = attn.linear ins(%a, %w2s : tensor<?x128xf32>, tensor<128x64xf32>) ... -> tensor<?x64xf32>
    ```

    Which heads and channels: those given by `drop`, or as many as `keep`, `head-share`,
    `channel-share` and `share` say, by importance. Where layers have `tfc.input_moments`
    (`attn-observe-inputs`), the one goes next whose loss adds least to the mean square
    error of the layer's output when all others are fitted anew (the optimal brain surgeon
    on rows of weights; Hassibi, Stork 1993), and the weights and the bias of what stays
    are those of that fit. Without them, or with `importance=magnitude`, the one with the
    least weights goes, and weights stay as they are.

    `drop-blocks` takes what is added to the residual stream out, named by its last linear
    layer; `drop-layers` whole layers, from 1: blocks up to the next without attention, and
    the norms that follow their sums.

    Refused, with the operation at fault, is what something else than sums reads as a
    whole: the model's results, norms, other reductions.
  }];
  let options = [
    Option<"share", "share", "double", "0", "share of the parameters in heads and hidden channels to go without, wherever it costs least">,
    Option<"headShare", "head-share", "double", "0", "share of the heads of each attention to go without">,
    Option<"channelShare", "channel-share", "double", "0", "share of the channels of each hidden layer to go without">,
    ListOption<"keep", "keep", "std::string", "SITE=N: how many heads or channels stay">,
    ListOption<"drop", "drop", "std::string", "SITE=I:J:...: heads or channels that go, from 0">,
    ListOption<"dropBlocks", "drop-blocks", "std::string", "residual blocks that go, by their last linear layer">,
    ListOption<"dropLayers", "drop-layers", "int64_t", "layers that go, from 1">,
    Option<"importance", "importance", "std::string", "\"moments\"", "moments, where they are known, or magnitude">,
    Option<"refit", "refit", "bool", "true", "fit the weights of what stays">,
    Option<"damping", "damping", "double", "0.01", "added to variances of inputs, as a share of their mean">];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
                           "mlir::tensor::TensorDialect"];
}

def PruneZerosPass : Pass<"attn-prune-zeros", "mlir::func::FuncOp"> {
  let summary = "Take heads and hidden channels out whose output has no weight";
  let description = [{
    As `attn-prune`, for heads and channels with nothing but zeros as weights in all linear
    layers that sum over them: the result is the same but for the order of sums, unless
    what is multiplied by zero is infinite. One of each is left. Part of -O2.

    ```mlir
    %y = attn.linear ins(%a, %w2 : tensor<?x256xf32>, tensor<256x64xf32>) ... // rows 32 to 255 of %w2 are 0
    // becomes
    %y = attn.linear ins(%a, %w2s : tensor<?x32xf32>, tensor<32x64xf32>) ...
    ```
  }];
  let statistics = [Statistic<"removed", "removed", "heads and channels taken out">];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
                           "mlir::tensor::TensorDialect"];
}

def PruneTablesPass : Pass<"attn-prune-tables", "mlir::func::FuncOp"> {
  let summary = "Take rows out of tables that no index can be";
  let description = [{
    Of a constant that is read at computed indices, as embeddings are, what is between the
    least and the greatest that an index can be stays. That is known where indices are
    constant or count the elements of a known size, as positions of a sequence of known
    length and token types that are all 0. Constants of which a fixed part is read become
    that part. The result is the same. Part of -O2.

    ```mlir
    %y = linalg.generic {...} ins(%ids : tensor<1x16xi64>) { tensor.extract %table[%id, %j] : tensor<512x64xf32> }
    // becomes, where %ids are 0 to 15
    %y = linalg.generic {...} ins(%ids : tensor<1x16xi64>) { tensor.extract %rows[%id, %j] : tensor<16x64xf32> }
    ```

    Left alone are tables that something else reads too, as the last layer of a language
    model does.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::tensor::TensorDialect"];
}

def ExtractPass : Pass<"attn-extract", "mlir::func::FuncOp"> {
  let summary = "Take a smaller model out of one that was trained to hold it";
  let description = [{
    Nested models (MatFormer, Devvrit et al. 2023) hold smaller ones: the first channels of
    each hidden layer, as many of one as `ffn` says, or different ones of each layer ("mix
    and match"); the first heads, as `heads` says; the first `layers`, after which what
    follows the last layer is computed (early exit). Weights stay as they are.

    ```mlir
    %a = linalg.generic {...} ins(%h) { arith.maximumf } -> tensor<?x256xf32>
    %y = attn.linear ins(%a, %w2 : tensor<?x256xf32>, tensor<256x64xf32>) ...
    // becomes, with ffn=0.25
    %a = linalg.generic {...} ins(%h) { arith.maximumf } -> tensor<?x64xf32>
    %y = attn.linear ins(%a, %w2s : tensor<?x64xf32>, tensor<64x64xf32>) ... // the first 64 rows
    ```
  }];
  let options = [
    ListOption<"ffn", "ffn", "double", "share of the hidden channels that stays: one, or one for each hidden layer">,
    ListOption<"heads", "heads", "double", "share of the heads that stays: one, or one for each attention">,
    Option<"layers", "layers", "int64_t", "0", "how many layers stay; 0: all">];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
                           "mlir::tensor::TensorDialect"];
}

def ShrinkHeadsPass : Pass<"attn-shrink-heads", "mlir::func::FuncOp"> {
  let summary = "Compute attention with fewer elements in its heads";
  let description = [{
    Scores are products of queries and keys, which are products of their input with
    weights; so are results, with the layer behind them. Both may be computed with
    fewer elements than there are, head by head, and nothing else changes:

    ```mlir
    %q = ... attn.linear ins(%x, %wq : tensor<?x17x48xf32>, tensor<48x48xf32>) ... // 4 heads of 12
    %a = attn.attention scale 0.29 ins(%q, %k, %v : tensor<?x4x17x12xf32>, ...)
    %y = attn.linear ins(%joined, %wo : tensor<?x17x48xf32>, tensor<48x48xf32>) ...
    // becomes, with query-key=8 value=6
    %q = ... attn.linear ins(%x, %wq8 : tensor<?x17x48xf32>, tensor<48x32xf32>) ... // 4 heads of 8
    %a = attn.attention scale 0.29 ins(%q, %k, %v : tensor<?x4x17x8xf32>, ..., tensor<?x4x17x6xf32>)
    %y = attn.linear ins(%joined, %wo6 : tensor<?x17x24xf32>, tensor<24x48xf32>) ...
    ```

    What is kept are the directions that add most to the squares of scores, and of
    results of the layer behind (balanced truncation of the product of both sides;
    Tombs, Postlethwaite 1987), by what `tfc.input_moments` and `tfc.input_mean` say of
    the inputs, or by the weights alone. Keys are centred where a softmax takes away
    what is equal for all of them. The bias of the layer behind takes up the mean of
    what is left out. Heads that share keys and values share the directions.

    A site is called as the linear layer behind the attention. Left alone, for a reason
    that the report gives, are attentions of other types than f32, and sides where
    anything but transpositions, reshapes and slices is between layer and attention, as
    rotations of queries and keys, or where others read the layer or its weights.
    Refused are sites that `query-keys` or `values` name and that cannot be changed.
  }];
  let options = [
    Option<"queryKey", "query-key", "int64_t", "0", "elements of each query and key, in all attentions">,
    Option<"value", "value", "int64_t", "0", "elements of each value, in all attentions">,
    Option<"energy", "energy", "double", "0",
      "as few elements as keep this share of the squares, on each side">,
    ListOption<"queryKeys", "query-keys", "std::string", "SITE=N: elements of queries and keys of some attentions">,
    ListOption<"values", "values", "std::string", "SITE=N: elements of values of some attentions">,
    ListOption<"sites", "sites", "std::string", "the only attentions to change">];
  let dependentDialects = ["attn::AttnDialect", "mlir::arith::ArithDialect",
                           "mlir::linalg::LinalgDialect", "mlir::tensor::TensorDialect"];
}

def ObservePositionsPass : Pass<"attn-observe-positions", "mlir::func::FuncOp"> {
  let summary = "Return how keys and values at two positions go together";
  let description = [{
    Each `attn.attention` of f32 with T keys, T being known, gives two more results of
    [T, T]: the sums over batches, heads and features of k_s k_t, and of v_s v_t. Sums of
    many calls are what the driver attaches to the attention as `tfc.key_positions` and
    `tfc.value_positions`, for `attn-linformer`.

    ```mlir
    func.func @f(%q: tensor<1x4x9x8xf32>, ...) -> tensor<1x4x9x8xf32> {
      %y = attn.attention scale 0.35 ins(%q, %k, %v : ...) outs(%init : ...) -> tensor<1x4x9x8xf32>
      return %y : tensor<1x4x9x8xf32>
    // becomes
    func.func @f(%q: tensor<1x4x9x8xf32>, ...) -> (tensor<1x4x9x8xf32>,
        tensor<9x9xf32> {tfc.key_products = 0 : i32}, tensor<9x9xf32> {tfc.value_products = 0 : i32}) {
      %y = attn.attention scale 0.35 ins(%q, %k, %v : ...) outs(%init : ...) -> tensor<1x4x9x8xf32>
      %keys = linalg.generic {...} ins(%k, %k) { arith.mulf, arith.addf } -> tensor<9x9xf32>
      %values = linalg.generic {...} ins(%v, %v) { arith.mulf, arith.addf } -> tensor<9x9xf32>
      return %y, %keys, %values : ...
    ```

    Left alone are attentions inside of loops.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
                           "mlir::tensor::TensorDialect"];
}

def LinformerPass : Pass<"attn-linformer", "mlir::func::FuncOp"> {
  let summary = "Attend to fewer keys and values, means of those that there are";
  let description = [{
    Attention to T keys becomes attention to `length` means of them, and of their values,
    in time and memory that go with the length of the sequence instead of its square
    (Linformer, Wang et al. 2020, with a projection that is not learnt):

    ```mlir
    %y = attn.attention scale 0.35 ins(%q, %k, %v : tensor<1x4x1024x8xf32>, ...) ...
    // becomes
    %ke = linalg.generic {...} ins(%e, %k : tensor<64x1024xf32>, tensor<1x4x1024x8xf32>) { arith.mulf, arith.addf } -> tensor<1x4x64x8xf32>
    %ve = linalg.generic {...} ins(%e, %v : tensor<64x1024xf32>, tensor<1x4x1024x8xf32>) { arith.mulf, arith.addf } -> tensor<1x4x64x8xf32>
    %y = attn.attention scale 0.35 ins(%q, %ke, %ve : ...) bias(%log_sizes : tensor<1x1x1x64xf32>) ...
    ```

    Positions that `tfc.key_positions` and `tfc.value_positions` say are alike become one:
    Ward's groups (1963) of what keys and values are at them, in all heads, each of both
    with variance 1. Without these attributes they are pieces of the sequence, of equal
    length but for one. A group of n keys counts n times, by log n added to its scores: so
    the result is that of before where keys of a group are equal and values are.

    A file of `projections` has matrices that were learnt: SITE for keys and values, or
    SITE.key and SITE.value, of [length, T]. They are taken as they are, without log n.
    Other sites stay then, unless `length` or `lengths` is given too.

    A site is called as the linear layer behind the attention. Left alone, for a reason
    that the report gives, are attentions whose keys are `beyond` many at most, of open
    number, in a cache, masked, by windows or causal, with a bias, and scores that go
    through no softmax. `lengths` asks for some sites whatever `beyond` is, and is refused
    where it cannot be done.
  }];
  let options = [
    Option<"length", "length", "int64_t", "0", "keys of all attentions; 64 without this and lengths">,
    Option<"beyond", "beyond", "int64_t", "512", "attentions with as many keys at most stay as they are">,
    ListOption<"lengths", "lengths", "std::string", "SITE=N: keys of some attentions">,
    ListOption<"sites", "sites", "std::string", "the only attentions that length is for">,
    Option<"projections", "projections", "std::string", "\"\"",
      "an .npz file of projections of [length, keys], called as sites">];
  let dependentDialects = ["attn::AttnDialect", "mlir::arith::ArithDialect",
                           "mlir::linalg::LinalgDialect", "mlir::tensor::TensorDialect"];
}

def SparseAttentionPass : Pass<"attn-sparse-attention", "mlir::func::FuncOp"> {
  let summary = "Give weight to the greatest scores of each query alone";
  let description = [{
    Of the scores of a query only the `top` greatest go into the softmax (Zhao et al.
    2019); with 1 attention is hard, which a model may stand in some layers and even gain
    by (AxFormer, Nagarajan et al. 2022):

    ```mlir
    %y = attn.attention scale 0.35 ins(%q, %k, %v : ...) ...
    // becomes, with top=8
    %y = attn.attention top 8 scale 0.35 ins(%q, %k, %v : ...) ...
    // and with top=1, where no row can be hidden as a whole
    %y = attn.attention score hard scale 0.35 ins(%q, %k, %v : ...) ...
    ```

    A site is called as the linear layer behind the attention. Left alone, for a reason
    that the report gives, are scores that go through no softmax, keys in blocks that are
    listed, and attentions with as few keys; refused are such sites that `tops` names.
  }];
  let options = [
    Option<"top", "top", "int64_t", "0", "keys of each query, in all attentions">,
    ListOption<"tops", "tops", "std::string", "SITE=N: keys of each query in some attentions">,
    ListOption<"sites", "sites", "std::string", "the only attentions that top is for">];
  let dependentDialects = ["attn::AttnDialect"];
}


def PruneResidualPass : Pass<"attn-prune-residual", "mlir::func::FuncOp"> {
  let summary = "Narrow the residual stream to its principal directions";
  let description = [{
    The residual stream x of n features becomes x Q, of `keep` numbers or without the
    `share` of n, where Q are the principal directions of what norms give of it (SliceGPT,
    Ashkboos et al. 2024, with one Q for a whole stream): what writes it is multiplied by Q,
    linear layers, embedding tables, positions, patches alike, and linear layers behind its
    norms by the transpose. Before, norms give their scale and bias to the layers behind
    them, and layer norms the mean to what writes, so that RMS norms are left, which a
    rotation does not change:

    ```mlir
    %y = attn.linear ins(%h, %w : tensor<4x96xf32>, tensor<96x48xf32>) ... -> tensor<4x48xf32>
    %s = linalg.generic {...} ins(%x, %y : tensor<4x48xf32>, tensor<4x48xf32>) { arith.addf } -> tensor<4x48xf32>
    %n = attn.norm layer axis 1 epsilon 1.0e-05 ins(%s : tensor<4x48xf32>) scale(%g : tensor<48xf32>) bias(%b : tensor<48xf32>) ...
    %q = attn.linear ins(%n, %v : tensor<4x48xf32>, tensor<48x48xf32>) ... -> tensor<4x48xf32>
    // becomes, with keep=36
    %y = attn.linear ins(%h, %wq : tensor<4x96xf32>, tensor<96x36xf32>) ... -> tensor<4x36xf32>
    %s = linalg.generic {...} ins(%x, %y : tensor<4x36xf32>, tensor<4x36xf32>) { arith.addf } -> tensor<4x36xf32>
    %n = attn.norm rms axis 1 epsilon 1.3333e-05 ins(%s : tensor<4x36xf32>) ...
    %q = attn.linear ins(%n, %qv : tensor<4x36xf32>, tensor<36x48xf32>) bias(%c : ...) ... -> tensor<4x48xf32>
    ```

    Norms divide by n as before: epsilon and the weights behind have that. So the result is
    that of the model, but for rounding, where all that is written lies in so many
    directions. What is lost on average goes to the biases behind, where
    `tfc.input_moments` and `tfc.input_mean` are known; without them directions are those of
    the weights that write. Norms that something else than linear layers reads get a layer
    behind them that gives n features again.

    Refused, with the operation at fault, are streams that anything but norms reads, as
    results of the model and layers behind the norms of sums (post-norm) do, and that
    something else than sums of linear maps of constant weights writes.
  }];
  let options = [
    Option<"share", "share", "double", "0", "share of the features that goes">,
    Option<"keep", "keep", "int64_t", "0", "how many stay">];
  let dependentDialects = ["attn::AttnDialect", "mlir::arith::ArithDialect"];
}
def PruneTokensPass : Pass<"attn-prune-tokens", "mlir::func::FuncOp"> {
  let summary = "Go on with the tokens alone that attention went to";
  let description = [{
    Behind the attention of a site, called as the linear layer behind it, and its sum with
    the residual stream, the model goes on with the first token and those of the others
    that received most attention there (EViT, Liang et al. 2022): the sum over heads and
    queries of the probabilities, or with `importance=class` over heads of those of the
    first query, the class token's. Which ones they are is computed for each sample; how
    many is `keep` times the others, rounded up, or what `tokens` says of a site, with the
    first.

    ```mlir
    %s = linalg.generic {...} ins(%x, %a : tensor<?x17x48xf32>, ...) { arith.addf } -> tensor<?x17x48xf32>
    %y = attn.norm layer axis 2 epsilon 1.0e-05 ins(%s : tensor<?x17x48xf32>) ...
    // becomes, with keep=0.5
    %s = linalg.generic {...} ins(%x, %a : tensor<?x17x48xf32>, ...) { arith.addf } -> tensor<?x17x48xf32>
    %tokens = linalg.generic {...} -> tensor<?x9xi64> // of the attention's query and key
    %r = linalg.generic {...} ins(%tokens) { tensor.extract %s } -> tensor<?x9x48xf32>
    %y = attn.norm layer axis 2 epsilon 1.0e-05 ins(%r : tensor<?x9x48xf32>) ...
    ```

    Sums over tokens behind stand for all of them: they are multiplied with the number of
    tokens before, divided by that now, so that means stay means.

    Masks of attentions, there and behind, are those of the tokens that stay. Refused, with
    the operation at fault, are models of which something depends on the tokens' number,
    place or order: results of a row for each token, biases, windows, constants with
    something of their own for each, slices of other tokens than the first.
  }];
  let options = [
    Option<"keep", "keep", "double", "0.5", "share of the tokens that stays, of those behind the first">,
    ListOption<"after", "after", "std::string", "the attentions behind which tokens go">,
    ListOption<"tokens", "tokens", "std::string",
      "SITE=N: how many go on behind some attentions, which after need not have">,
    Option<"importance", "importance", "std::string", "\"received\"", "received, from all tokens, or class, from the first">];
  let dependentDialects = ["attn::AttnDialect", "mlir::arith::ArithDialect",
                           "mlir::linalg::LinalgDialect", "mlir::math::MathDialect",
                           "mlir::tensor::TensorDialect"];
}

def ObserveFitPass : Pass<"attn-observe-fit", "mlir::ModuleOp"> {
  let summary = "Return what layers of a smaller model are fitted by";
  let description = [{
    The module has two functions on the same arguments: a compressed one, and what it was
    before, named by `original`. Their linear layers have numbers (`tfc.layer`). Those of
    the numbers `layers`, which are in both, get their weights and biases as arguments of
    the compressed function, after its own, in the order of `layers`. So layer after layer
    may be fitted without compiling anew. Of each the function returns, after its own
    results, the input x, and what the layer should give: t, the sum that follows it in the
    original less the residual stream that it is added to now, so that what layers before it
    lost is given back too; or what the original layer gives, where no such sum follows
    directly. The original becomes part of the compressed function.

    ```mlir
    func.func @f(%x: tensor<?x64xf32>) -> tensor<?x64xf32> { ... }
    func.func private @original(%x: tensor<?x64xf32>) -> tensor<?x64xf32> { ... }
    // becomes, the layer having 32 inputs and 64 outputs
    func.func @f(%x: tensor<?x64xf32>, %weight: tensor<32x64xf32>, %bias: tensor<64xf32>)
        -> (tensor<?x64xf32>, tensor<?x32xf32>, tensor<?x64xf32>) { ... }
    ```
  }];
  let options = [
    Option<"original", "original", "std::string", "\"\"", "name of the function as it was">,
    ListOption<"layers", "layers", "int64_t", "tfc.layer of the linear layers to fit">];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
                           "mlir::tensor::TensorDialect"];
}

#endif // TFC_PASSES_COMPRESS_PASSES_TD
