//===- AttnVerify.cpp - what operations of attn must satisfy ----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Dialect/Attn/Attn.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace tfc::attn;

namespace {

std::string text(ArrayRef<int64_t> shape) {
  std::string out;
  llvm::raw_string_ostream os(out);
  os << "[";
  llvm::interleaveComma(shape, os, [&](int64_t size) {
    if (ShapedType::isDynamic(size))
      os << "?";
    else
      os << size;
  });
  os << "]";
  return out;
}

/// Open sizes may be anything.
bool agree(int64_t a, int64_t b) {
  return ShapedType::isDynamic(a) || ShapedType::isDynamic(b) || a == b;
}

/// Checks of one operation; each returns whether it held, after a message when
/// it did not.
class Checker {
public:
  explicit Checker(Operation *op) : op(op) {}

  static ArrayRef<int64_t> shape(Value value) {
    return cast<ShapedType>(value.getType()).getShape();
  }

  /// Tensors with results of the destinations' types, or buffers with none;
  /// floating point operands have the first destination's element type, but for
  /// `free`.
  LogicalResult style(Value free = Value()) {
    auto destination = cast<DestinationStyleOpInterface>(op);
    auto inits = destination.getDpsInits();
    bool tensors = isa<RankedTensorType>(inits.front().getType());
    Type element = getElementTypeOrSelf(inits.front().getType());
    for (Value operand : op->getOperands()) {
      if (!isa<ShapedType>(operand.getType()))
        continue;
      if (isa<RankedTensorType>(operand.getType()) != tensors)
        return op->emitOpError("expected tensors only or buffers only, found ")
               << operand.getType() << " beside " << inits.front().getType();
      Type found = getElementTypeOrSelf(operand.getType());
      if (isa<FloatType>(found) && found != element && operand != free)
        return op->emitOpError("expected elements of type ")
               << element << " everywhere, found " << operand.getType();
    }
    size_t expected = tensors ? inits.size() : 0;
    if (op->getNumResults() != expected)
      return op->emitOpError("expected ")
             << (!tensors        ? "no result on buffers"
                 : expected == 1 ? "one result"
                                 : "one result a destination")
             << ", found " << op->getNumResults();
    for (auto [result, init] : llvm::zip(op->getResults(), inits))
      if (result.getType() != init.getType())
        return op->emitOpError("expected a result of init's type ")
               << init.getType() << ", found " << result.getType();
    return success();
  }

  LogicalResult rank(StringRef name, Value value, int64_t expected) {
    if (static_cast<int64_t>(shape(value).size()) == expected)
      return success();
    return op->emitOpError("expected ")
           << name << " of rank " << expected << ", found " << value.getType();
  }

  LogicalResult sizes(StringRef name, Value value, ArrayRef<int64_t> expected) {
    ArrayRef<int64_t> found = shape(value);
    if (found.size() == expected.size() &&
        llvm::all_of(llvm::zip_equal(found, expected), [](auto pair) {
          return agree(std::get<0>(pair), std::get<1>(pair));
        }))
      return success();
    return op->emitOpError("expected ")
           << name << " of sizes " << text(expected) << ", found "
           << value.getType();
  }

private:
  Operation *op;
};

} // namespace

LogicalResult LinearOp::verify() {
  Checker check(*this);
  if (failed(check.style()) || failed(check.rank("weight", getWeight(), 2)))
    return failure();
  ArrayRef<int64_t> x = Checker::shape(getX()),
                    weight = Checker::shape(getWeight());
  if (x.empty())
    return emitOpError("expected x of rank 1 at least, found ")
           << getX().getType();
  int64_t depth = weight[getTransposeWeight() ? 1 : 0];
  int64_t columns = weight[getTransposeWeight() ? 0 : 1];
  if (!agree(x.back(), depth))
    return emitOpError("expected a weight of ")
           << x.back() << " rows, as x has columns, found " << depth;
  if (getBias() && failed(check.sizes("bias", getBias(), {columns})))
    return failure();
  SmallVector<int64_t> result(x);
  result.back() = columns;
  return check.sizes("init", getInit(), result);
}

LogicalResult NormOp::verify() {
  Checker check(*this);
  ArrayRef<int64_t> x = Checker::shape(getX());
  if (failed(check.style()) || failed(check.sizes("init", getInit(), x)))
    return failure();
  int64_t rank = x.size(), axis = getAxis();
  if (axis < 0 || axis >= rank)
    return emitOpError("expected an axis from 0 to ")
           << rank - 1 << ", found " << axis;
  if (getEpsilon().isNegative() || !getEpsilon().isFinite())
    return emitOpError("expected an epsilon of 0 or more");
  for (auto [name, value] :
       {std::pair("scale", getScale()), std::pair("bias", getBias())})
    if (value && failed(check.sizes(name, value, x.drop_front(axis))))
      return failure();
  return success();
}

/// Each size 1 or that of `expected`.
static LogicalResult broadcasts(Checker &check, Operation *op, StringRef name,
                                Value value, ArrayRef<int64_t> expected) {
  if (failed(check.rank(name, value, expected.size())))
    return failure();
  for (auto [found, size] : llvm::zip_equal(Checker::shape(value), expected))
    if (found != 1 && !agree(found, size))
      return op->emitOpError("expected a ")
             << name << " of sizes 1 or " << text(expected) << ", found "
             << value.getType();
  return success();
}

/// What the attributes say of the scores.
static LogicalResult verifyScores(AttentionOp op) {
  for (auto [name, number] : {std::pair("left_window", op.getLeftWindow()),
                              std::pair("right_window", op.getRightWindow()),
                              std::pair("global", op.getGlobal())})
    if (number && static_cast<int64_t>(*number) < 0)
      return op.emitOpError("expected a ") << name << " of 0 or more, found "
                                           << static_cast<int64_t>(*number);
  if (op.getCausal() && op.getRightWindow())
    return op.emitOpError("expected causal or a right_window, which says the "
                          "same in general, found both");
  if (op.getGlobal() && !op.getLeftWindow() && !op.getRightWindow())
    return op.emitOpError("expected a window beside global");
  if (op.getMaskBlock() && !op.getMask())
    return op.emitOpError("expected a mask beside mask_block");
  if (op.getMaskBlock() && static_cast<int64_t>(*op.getMaskBlock()) < 1)
    return op.emitOpError("expected blocks of one score at least");
  if (op.getSoftcap() && !(op.getSoftcap()->convertToDouble() > 0))
    return op.emitOpError("expected a softcap above 0");
  bool linear = op.getScore() == ScoreFunction::Linear;
  if (linear && (op.getBias() || op.getSoftcap() || op.getMaskedScore()))
    return op.emitOpError("expected no bias, softcap or masked_score with "
                          "linear scores");
  if (op.getEpsilon() && !linear)
    return op.emitOpError("expected linear scores beside epsilon");
  if ((op.getZeroMaskedRows() || op.getZeroNanRows()) &&
      op.getScore() != ScoreFunction::Softmax)
    return op.emitOpError(
        "expected softmax beside zero_masked_rows or zero_nan_rows");
  return success();
}

/// Whether some keys may be hidden from some queries.
static bool hidesKeys(AttentionOp op) {
  return op.getMask() || op.getKeyLengths() || op.getQueryOffset() ||
         op.getCausal() || op.getLeftWindow() || op.getRightWindow() ||
         op.getMaskedScore();
}

/// Groups of keys, and blocks of keys that blocks of queries see.
static LogicalResult verifyBlocks(Checker &check, AttentionOp op) {
  int64_t queries = Checker::shape(op.getQuery())[2],
          keys = Checker::shape(op.getKey())[2];
  auto divides = [&](StringRef name, int64_t size, StringRef what,
                     int64_t total) -> LogicalResult {
    if (ShapedType::isDynamic(total) || total % size == 0)
      return success();
    return op.emitOpError("expected a ")
           << name << " that divides the number "
           << "of " << what << ", found " << size << " and " << total;
  };
  bool grouped = op.getScore() == ScoreFunction::Grouped;
  if (grouped != op.getGroupSize().has_value())
    return op.emitOpError("expected group_size beside grouped scores, and "
                          "nowhere else");
  if (op.getTopGroups() && (!grouped || *op.getTopGroups() == 0))
    return op.emitOpError("expected top_groups of one at least, and beside "
                          "grouped scores");
  if (op.getTop() &&
      (op.getScore() != ScoreFunction::Softmax || op.getKeyBlocks() ||
       static_cast<int64_t>(*op.getTop()) < 1))
    return op.emitOpError("expected a top of one at least, and beside softmax "
                          "without key_blocks");
  if (grouped && static_cast<int64_t>(*op.getGroupSize()) < 2)
    return op.emitOpError("expected groups of two keys at least");
  if (!!op.getKeyBlocks() != op.getBlockSize().has_value())
    return op.emitOpError("expected key_blocks and block_size together");
  if (op.getBlockSize() && static_cast<int64_t>(*op.getBlockSize()) < 1)
    return op.emitOpError("expected blocks of one key at least");
  if (grouped && hidesKeys(op))
    return op.emitOpError("expected nothing that hides keys beside grouped "
                          "scores");
  if (grouped)
    return divides("group_size", *op.getGroupSize(), "keys", keys);
  if (!op.getKeyBlocks())
    return success();
  if (op.getScore() != ScoreFunction::Softmax || op.getBias() || hidesKeys(op))
    return op.emitOpError("expected softmax, and nothing that hides or biases "
                          "scores, beside key_blocks");
  int64_t size = *op.getBlockSize();
  if (failed(divides("block_size", size, "keys", keys)) ||
      failed(divides("block_size", size, "queries", queries)) ||
      failed(check.rank("key_blocks", op.getKeyBlocks(), 2)))
    return failure();
  int64_t blocks = ShapedType::isDynamic(queries) ? queries : queries / size;
  return check.sizes("key_blocks", op.getKeyBlocks(),
                     {blocks, Checker::shape(op.getKeyBlocks())[1]});
}

static LogicalResult verifySequences(Checker &check, AttentionOp op) {
  if (!op.getSequences())
    return success();
  if (op.getScore() != ScoreFunction::Softmax || op.getTop() ||
      op.getKeyBlocks() || op.getBias() || op.getMask() || op.getKeyLengths() ||
      op.getQueryOffset() || op.getGlobal() || op.getMaskedScore())
    return op.emitOpError("expected sequences with softmax, causality and "
                          "windows alone");
  ArrayRef<int64_t> query = Checker::shape(op.getQuery());
  int64_t bounds = Checker::shape(op.getSequences())[0];
  if (bounds == 0)
    return op.emitOpError("expected one bound of sequences at least");
  return check.sizes("query", op.getQuery(),
                     {1, query[1], Checker::shape(op.getKey())[2], query[3]});
}

LogicalResult AttentionOp::verify() {
  Checker check(*this);
  if (failed(check.style()))
    return failure();
  for (auto [name, value] : {std::pair("query", Value(getQuery())),
                             std::pair("key", Value(getKey())),
                             std::pair("value", Value(getValue()))})
    if (failed(check.rank(name, value, 4)))
      return failure();
  ArrayRef<int64_t> query = Checker::shape(getQuery()),
                    key = Checker::shape(getKey()),
                    value = Checker::shape(getValue());
  if (failed(
          check.sizes("key", getKey(), {query[0], key[1], key[2], query[3]})) ||
      failed(check.sizes("value", getValue(),
                         {key[0], key[1], key[2], value[3]})) ||
      failed(check.sizes("init", getInit(),
                         {query[0], query[1], query[2], value[3]})))
    return failure();
  if (!ShapedType::isDynamic(query[1]) && !ShapedType::isDynamic(key[1]) &&
      (key[1] == 0 || query[1] % key[1] != 0))
    return emitOpError("expected the heads of query to be a multiple of those "
                       "of key, found ")
           << query[1] << " and " << key[1];
  if (failed(verifyScores(*this)) || failed(verifyBlocks(check, *this)))
    return failure();
  if (getKeyLengths() &&
      failed(check.sizes("key_lengths", getKeyLengths(), {query[0]})))
    return failure();
  if (hasOffsetPerBatch() &&
      failed(check.sizes("query_offset", getQueryOffset(), {query[0]})))
    return failure();
  if (failed(verifySequences(check, *this)))
    return failure();
  int64_t scores[] = {query[0], query[1], query[2], key[2]};
  if (getBias() && failed(broadcasts(check, *this, "bias", getBias(), scores)))
    return failure();
  if (!getMask())
    return success();
  if (std::optional<uint64_t> block = getMaskBlock())
    for (int64_t &size : MutableArrayRef<int64_t>(scores).drop_front(2))
      if (!ShapedType::isDynamic(size))
        size = llvm::divideCeil(size, static_cast<int64_t>(*block));
  return broadcasts(check, *this, "mask", getMask(), scores);
}

LogicalResult RopeOp::verify() {
  Checker check(*this);
  if (failed(check.style()) || failed(check.rank("x", getX(), 4)))
    return failure();
  ArrayRef<int64_t> x = Checker::shape(getX());
  if (failed(check.sizes("init", getInit(), x)))
    return failure();
  if (ShapedType::isDynamic(x[3]))
    return emitOpError("expected a known number of features");
  int64_t rotated = getRotarySize().value_or(x[3]);
  if (rotated <= 0 || rotated > x[3] || rotated % 2)
    return emitOpError(
               "expected an even number of rotated features of at most ")
           << x[3] << ", found " << rotated;
  for (auto [name, angles] :
       {std::pair("cosine", getCosine()), std::pair("sine", getSine())}) {
    if (failed(check.rank(name, angles, 4)))
      return failure();
    ArrayRef<int64_t> found = Checker::shape(angles);
    bool fits = found[3] == rotated || found[3] == rotated / 2;
    for (unsigned d = 0; d < 3; ++d)
      fits &= found[d] == 1 || agree(found[d], x[d]);
    if (!fits)
      return emitOpError("expected a ")
             << name << " of sizes 1 or " << text(x.drop_back()) << " and then "
             << rotated << " or " << rotated / 2 << ", found "
             << angles.getType();
  }
  return success();
}

LogicalResult PatchEmbedOp::verify() {
  Checker check(*this);
  if (failed(check.style()) || failed(check.rank("image", getImage(), 4)) ||
      failed(check.rank("weight", getWeight(), 4)))
    return failure();
  ArrayRef<int64_t> image = Checker::shape(getImage()),
                    weight = Checker::shape(getWeight());
  if (!agree(image[1], weight[1]))
    return emitOpError("expected a weight of ")
           << image[1] << " channels, as image has, found " << weight[1];
  for (int64_t size : weight.drop_front(2))
    if (size == 0)
      return emitOpError("expected patches of one pixel at least, found ")
             << getWeight().getType();
  if (getBias() && failed(check.sizes("bias", getBias(), {weight[0]})))
    return failure();
  int64_t tokens = 1;
  for (unsigned d = 2; d < 4; ++d)
    tokens = ShapedType::isDynamic(tokens) || ShapedType::isDynamic(image[d]) ||
                     ShapedType::isDynamic(weight[d])
                 ? ShapedType::kDynamic
                 : tokens * (image[d] / weight[d]);
  return check.sizes("init", getInit(), {image[0], tokens, weight[0]});
}

LogicalResult ScanOp::verify() {
  Checker check(*this);
  if (failed(check.style(getState())))
    return failure();
  for (auto [name, value] : {std::pair("query", Value(getQuery())),
                             std::pair("key", Value(getKey())),
                             std::pair("value", Value(getValue()))})
    if (failed(check.rank(name, value, 4)))
      return failure();
  ArrayRef<int64_t> query = Checker::shape(getQuery()),
                    key = Checker::shape(getKey()),
                    value = Checker::shape(getValue());
  int64_t batch = query[0], heads = key[1], tokens = query[2], depth = key[3],
          features = value[3];
  if (failed(check.sizes("key", getKey(), {batch, heads, tokens, query[3]})) ||
      failed(
          check.sizes("value", getValue(), {batch, heads, tokens, features})) ||
      failed(check.sizes("init", getInit(),
                         {batch, query[1], tokens, features})) ||
      failed(check.sizes("state", getState(), {batch, heads, depth, features})))
    return failure();
  if (!ShapedType::isDynamic(query[1]) && !ShapedType::isDynamic(heads) &&
      (heads == 0 || query[1] % heads != 0))
    return emitOpError("expected the heads of query to be a multiple of those "
                       "of key, found ")
           << query[1] << " and " << heads;
  if (!getStep() != !getRate())
    return emitOpError("expected both step and rate, or none");
  if (getDecay() && getStep())
    return emitOpError("expected decay, or step and rate, found both");
  if (getDecay()) {
    if (failed(check.rank("decay", getDecay(), 4)))
      return failure();
    int64_t rows = Checker::shape(getDecay())[3] == 1 ? 1 : depth;
    if (failed(check.sizes("decay", getDecay(), {batch, heads, tokens, rows})))
      return failure();
  }
  if (getStep() &&
      (failed(
           check.sizes("step", getStep(), {batch, heads, tokens, features})) ||
       failed(check.sizes("rate", getRate(), {heads, depth, features}))))
    return failure();
  if (getBeta())
    return check.sizes("beta", getBeta(), {batch, heads, tokens, 1});
  return success();
}

LogicalResult RouteOp::verify() {
  Checker check(*this);
  if (failed(check.style()) || failed(check.rank("x", getX(), 2)) ||
      failed(check.rank("choices", getChoices(), 2)) ||
      failed(check.rank("w1", getW1(), 3)) ||
      failed(check.rank("w2", getW2(), 3)))
    return failure();
  ArrayRef<int64_t> x = Checker::shape(getX()),
                    choices = Checker::shape(getChoices()),
                    first = Checker::shape(getW1()),
                    second = Checker::shape(getW2());
  if (failed(check.sizes("choices", getChoices(), {x[0], choices[1]})) ||
      failed(check.sizes("gates", getGates(), choices)) ||
      failed(check.sizes("w1", getW1(), {first[0], x[1], first[2]})) ||
      failed(check.sizes("w2", getW2(), {first[0], first[2], second[2]})))
    return failure();
  if ((getW3() && failed(check.sizes("w3", getW3(), first))) ||
      (getB1() && failed(check.sizes("b1", getB1(), {first[0], first[2]}))) ||
      (getB2() && failed(check.sizes("b2", getB2(), {first[0], second[2]}))))
    return failure();
  return check.sizes("init", getInit(), {x[0], second[2]});
}

LogicalResult CacheAppendOp::verify() {
  Checker check(*this);
  if (failed(check.style()))
    return failure();
  Type element = getElementTypeOrSelf(getCache().getType());
  if (getElementTypeOrSelf(getPresent().getType()) != element)
    return emitOpError("expected elements of type ")
           << element << " everywhere, found " << getPresent().getType();
  ArrayRef<int64_t> cache = Checker::shape(getCache()),
                    present = Checker::shape(getPresent());
  int64_t rank = cache.size(), axis = getAxis();
  if (axis < 1 || axis >= rank)
    return emitOpError("expected an axis from 1 to ")
           << rank - 1 << ", found " << axis;
  if (failed(check.rank("present", getPresent(), rank)))
    return failure();
  SmallVector<int64_t> expected(cache);
  expected[axis] = present[axis];
  if (failed(check.sizes("present", getPresent(), expected)))
    return failure();
  if (!ShapedType::isDynamic(present[axis]) &&
      !ShapedType::isDynamic(cache[axis]) && present[axis] > cache[axis])
    return emitOpError("expected at most ")
           << cache[axis] << " tokens, as the cache has, found "
           << present[axis];
  if (getPositions())
    return check.sizes("positions", getPositions(), {cache[0]});
  return success();
}

/// A scale for each block of a tensor of `shape`, the last along a dimension
/// being as long as what is left.
static LogicalResult verifyBlocks(Operation *op,
                                  quant::UniformQuantizedSubChannelType type,
                                  ArrayRef<int64_t> shape) {
  SmallVector<int64_t> expected(shape.size(), 1);
  for (auto [axis, size] : type.getBlockSizeInfo()) {
    if (axis >= static_cast<int64_t>(shape.size()) ||
        ShapedType::isDynamic(shape[axis]))
      return op->emitOpError("expected blocks along known dimensions, found ")
             << axis << " of rank " << shape.size();
    expected[axis] = llvm::divideCeil(shape[axis], size);
  }
  ArrayRef<int64_t> found = type.getScales().getType().getShape();
  if (found == ArrayRef(expected))
    return success();
  auto print = [](ArrayRef<int64_t> sizes) {
    return llvm::join(
        llvm::map_range(sizes, [](int64_t n) { return std::to_string(n); }),
        "x");
  };
  return op->emitOpError("expected ")
         << print(expected) << " scales, found " << print(found);
}

/// `real` and `stored` are the sides of an operation with `type`.
static LogicalResult verifyQuantized(Operation *op, Type type, Value real,
                                     Value stored, unsigned mostBits) {
  Checker check(op);
  if (failed(check.style(real)))
    return failure();
  if (!isa<quant::UniformQuantizedType, quant::UniformQuantizedPerAxisType,
           quant::UniformQuantizedSubChannelType>(type))
    return op->emitOpError("expected a uniform quantised type, found ") << type;
  auto quantized = cast<quant::QuantizedType>(type);
  if (!quantized.getExpressedType().isF32() ||
      !getElementTypeOrSelf(real.getType()).isF32())
    return op->emitOpError("expected f32 on one side, found ")
           << real.getType() << " and " << type;
  Type storage = getElementTypeOrSelf(stored.getType());
  // Integers of 4 bits lie in 8 until a target packs them.
  unsigned bits = std::max(quantized.getStorageTypeIntegralWidth(), 8u);
  if (storage.getIntOrFloatBitWidth() != bits || bits > mostBits)
    return op->emitOpError("expected the storage of ")
           << type << ", of at most " << mostBits << " bits, found "
           << stored.getType();
  ArrayRef<int64_t> shape = Checker::shape(stored);
  if (auto slices = dyn_cast<quant::UniformQuantizedPerAxisType>(type)) {
    int64_t axis = slices.getQuantizedDimension(),
            count = slices.getScales().size();
    if (axis >= static_cast<int64_t>(shape.size()) || shape[axis] != count)
      return op->emitOpError("expected ")
             << count << " slices along dimension " << axis << ", found "
             << stored.getType();
  }
  if (auto blocks = dyn_cast<quant::UniformQuantizedSubChannelType>(type))
    if (failed(verifyBlocks(op, blocks, shape)))
      return failure();
  return check.sizes("x", op->getOperand(0), Checker::shape(op->getOperand(1)));
}

LogicalResult QuantizeOp::verify() {
  return verifyQuantized(*this, getQuantizedType(), getX(), getInit(), 16);
}

LogicalResult DequantizeOp::verify() {
  return verifyQuantized(*this, getQuantizedType(), getInit(), getX(), 32);
}
