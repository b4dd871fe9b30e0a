//===- IntegerGraph.h - a quantised function in integers --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each attn.quantize asks for the int8 form of the f32 value that it rounds.
// That value is followed back to where integers are known, attn.dequantize,
// and what lies between becomes operations of m7 and moves of int8. Unsigned
// bytes are int8 with the highest bit flipped inside.
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TARGETS_CORTEXM7_INTEGERS_INTEGERGRAPH_H
#define TFC_TARGETS_CORTEXM7_INTEGERS_INTEGERGRAPH_H

#include "Quantization.h"
#include "RealConstant.h"
#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Target/CortexM7/CortexM7.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tfc::m7 {

using namespace mlir;

class IntegerGraph {
public:
  explicit IntegerGraph(func::FuncOp function)
      : function(function), b(function.getContext()), loc(function.getLoc()) {}

  /// Replaces what has an integer form. Of what has none, `refused` holds the
  /// operations and reasons.
  void run();

  struct Refusal {
    Operation *op;
    std::string reason;
  };
  SmallVector<Refusal> refused;

private:
  // The function's border.
  void takeInputs();
  void roundInputsEarly();
  void giveOutputs();
  void dropDead();
  void refuseRest();

  /// The int8 form of `real` with `to`; fails after a reason was noted.
  FailureOr<Value> select(Value real, Quantization to);
  FailureOr<Value> selectNew(Value real, Quantization to);

  struct Source {
    Value integers;
    Quantization quantization;
  };
  /// The integers that `real` stands for, where some are known: dequantised,
  /// perhaps moved.
  FailureOr<Source> sourceOf(Value real);
  std::optional<Quantization> knownQuantization(Value real);

  // Moves (Moves.cpp).
  bool isMove(Operation *op);
  /// Whether all that goes into `value`, but for its source, is of `type`
  /// exactly.
  bool isFilledWith(Value value, Quantization type);
  FailureOr<Value> selectMove(Operation *op, Quantization to);
  FailureOr<Value> selectPad(tensor::PadOp op, Quantization to);
  FailureOr<Value> selectInsert(tensor::InsertSliceOp op, Quantization to);
  FailureOr<Value> selectChoice(linalg::GenericOp op, Quantization to);

  // What is decided by the order of numbers (Orders.cpp).
  void selectOrders();
  bool selectOrder(linalg::GenericOp op);

  // Functions of elements (Elements.cpp).
  struct Function {
    /// Null for a constant.
    Value base;
    std::array<float, 256> values;
  };
  std::optional<Function> functionOf(Value real);
  FailureOr<Value> selectElements(linalg::GenericOp op, Quantization to);
  FailureOr<Value> selectBinary(linalg::GenericOp op, Quantization to);
  FailureOr<Value> selectClamp(linalg::GenericOp op, Quantization to);
  FailureOr<Source> broadcastSource(linalg::GenericOp op, unsigned input);

  // Constant factors and sums of elements (Affine.cpp).
  struct Affine {
    /// Of each element of `base`, in its order, gain times it plus bias.
    Value base;
    std::vector<double> gain, bias;
  };
  std::optional<Affine> affineOf(Value real);
  /// Nothing where `op` is something else.
  std::optional<FailureOr<Value>> selectAffine(linalg::GenericOp op,
                                               Quantization to);
  FailureOr<Value> scaled(const Source &x, const Affine &affine,
                          ArrayRef<int64_t> shape, Operation *op,
                          Quantization to);

  // Products (Products.cpp).
  struct Contraction {
    Value x, y;
    AffineMap xMap, yMap, outMap;
    SmallVector<int64_t> sizes;
    ArrayRef<int64_t> resultShape;
  };
  std::optional<Contraction> contractionOf(Operation *op);
  /// What is done to a product before it is rounded.
  struct Addition {
    double factor = 1;
    /// One for each element of the result; none for nothing.
    std::vector<double> bias;
  };
  FailureOr<Value> selectWithBias(Value real, Addition addition,
                                  Quantization to);
  FailureOr<Value> selectContraction(Operation *op, Contraction contraction,
                                     Addition addition, Quantization to);
  /// A side of a product as [batch, rows, depth].
  Value matrices(const Contraction &c, const Source &side, AffineMap map,
                 ArrayRef<unsigned> batch, ArrayRef<unsigned> own,
                 ArrayRef<unsigned> depth);
  /// [batch, rows, columns] as the product's result.
  Value resultOf(const Contraction &c, Value all, ArrayRef<unsigned> order);
  /// Constant weights by channel, and what each channel's sums need.
  struct Channels {
    /// [channels, depth]; sums of two of int8 where `parts` is 2.
    std::vector<int16_t> weights;
    std::vector<int32_t> bias, multipliers;
    unsigned parts = 1;
  };
  FailureOr<Channels>
  channelsOf(Operation *op, const Contraction &c, const RealConstant &weights,
             const Addition &addition, ArrayRef<unsigned> channels,
             ArrayRef<unsigned> rows, ArrayRef<unsigned> depth, Quantization x,
             Quantization to);
  FailureOr<Value> selectWeights(Operation *op, const Contraction &c,
                                 const RealConstant &weights,
                                 const Addition &addition, Quantization to);
  FailureOr<Value> selectActivations(Operation *op, const Contraction &c,
                                     double factor, Quantization to);
  // Attention as a whole (Attention.cpp).
  struct Scores {
    Contraction product;
    /// What the softmax reads, of which one is `factor` of the product.
    Quantization input, probabilities;
    double factor = 1;
  };
  /// The product and the softmax that `probabilities` come from.
  std::optional<Scores> scoresOf(Value probabilities);
  /// Nothing where `c` is not the last product of an attention that the kernel
  /// takes.
  std::optional<Value> selectAttention(const Contraction &c, Quantization to);

  /// x with its elements in the order of the loops `order`.
  Value arranged(Value x, AffineMap map, ArrayRef<int64_t> sizes,
                 ArrayRef<unsigned> order);

  // Sums in loops (Sums.cpp), where no kernel takes them.
  FailureOr<Value> selectSum(linalg::GenericOp reduce, double factor,
                             Quantization to);
  FailureOr<Value> selectMeans(linalg::GenericOp divide, Quantization to);
  FailureOr<Value> selectQuotient(linalg::GenericOp divide, Quantization to);
  FailureOr<Value> sumsOf(linalg::GenericOp reduce, const Source &x);
  FailureOr<Value> selectGroups(Operation *op, const Contraction &c,
                                const RealConstant &weights,
                                const Addition &addition, Quantization to);
  /// Numbers for sums, which the map takes from the sums' indices.
  struct Numbers {
    std::vector<int32_t> values;
    SmallVector<int64_t> shape;
    AffineMap map;
  };
  Value rounded(Value sums, const Numbers &multipliers,
                std::optional<Numbers> bias, int64_t zero, unsigned shift);

  // Images resized (Interpolation.cpp).
  Value interpolated(Value x, int64_t zero, ArrayRef<int64_t> shape,
                     unsigned axis, int64_t taps, ArrayRef<int64_t> places,
                     ArrayRef<double> weights);
  /// Nothing where `op` is something else.
  std::optional<FailureOr<Value>> selectInterpolation(linalg::GenericOp op,
                                                      Quantization to);

  // Rows (Rows.cpp).
  FailureOr<Value> normalised(attn::NormOp op, const Source &x, Value rows,
                              ArrayRef<double> gain, ArrayRef<double> bias,
                              Quantization to);
  FailureOr<Value> selectNorm(attn::NormOp op, Quantization to,
                              const Affine *after = nullptr);
  FailureOr<Value> selectSoftmax(linalg::GenericOp divide, Value scores,
                                 unsigned dimension, Quantization to);
  FailureOr<Value> selectMean(linalg::GenericOp reduce, double factor,
                              Quantization to);

  // Building.
  RankedTensorType bytes(ArrayRef<int64_t> shape) {
    return RankedTensorType::get(shape, b.getI8Type());
  }
  Value empty(ArrayRef<int64_t> shape) {
    return tensor::EmptyOp::create(b, loc, shape, b.getI8Type());
  }
  Value constant(ArrayRef<int64_t> shape, ArrayRef<int8_t> values);
  Value reshaped(Value x, ArrayRef<int64_t> shape);
  /// Rows of x made `columns` long.
  Value padded(Value x, int64_t columns, int64_t fill);
  Value tableOf(Value x, const Table &table);
  Value integersOf(Value stored, bool isUnsigned);

  LogicalResult fail(Operation *op, const Twine &why);
  LogicalResult fail(Value real, const Twine &why);

  func::FuncOp function;
  OpBuilder b;
  Location loc;
  /// Signed integers of what attn.quantize makes.
  DenseMap<Value, Value> integers;
  DenseMap<Value, SmallVector<std::pair<Quantization, Value>>> selected;
  /// What is a function of another int8 value, by a table.
  DenseMap<Value, std::pair<Value, Table>> origins;
  DenseMap<Value, std::optional<Function>> functions;

  std::optional<Refusal> reason;
};

} // namespace tfc::m7

#endif // TFC_TARGETS_CORTEXM7_INTEGERS_INTEGERGRAPH_H
