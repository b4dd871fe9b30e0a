//===- RaiseContext.h - what rules of raising share -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Raising walks the graph forwards. Every ONNX value becomes a Raised: a ranked
// tensor whose sizes are all known, as numbers or as SSA values. Small integer
// tensors are kept as lists of scalars, so that shape arithmetic disappears.
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_RAISE_RAISECONTEXT_H
#define TFC_PASSES_RAISE_RAISECONTEXT_H

#include "tfc/Dialect/Onnx/Onnx.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringMap.h"
#include <memory>
#include <unordered_map>
#include <vector>

namespace tfc::raise {

using Sizes = llvm::SmallVector<mlir::OpFoldResult>;

/// Numbers of ONNX's TensorProto.DataType.
enum ElementKind : int32_t {
  Float32 = 1,
  UInt8 = 2,
  Int8 = 3,
  UInt16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  Bool = 9,
  Float16 = 10,
  Float64 = 11,
  UInt32 = 12,
  UInt64 = 13,
  BFloat16 = 16,
  Float8E4M3FN = 17,
  Float8E4M3FNUZ = 18,
  Float8E5M2 = 19,
  Float8E5M2FNUZ = 20,
  UInt4 = 21,
  Int4 = 22,
  Float4E2M1 = 23,
  UInt2 = 25,
  Int2 = 26
};

/// Whether it is a floating point type that the machine computes with.
bool isFloat(int32_t kind);
bool isUnsigned(int32_t kind);
/// Floats of eight and four bits, which raised tensors hold as bits in i8.
bool isSmallFloat(int32_t kind);
/// The bits of integers that raised tensors hold in i8; 0 for other types.
unsigned smallIntegerWidth(int32_t kind);
bool isKnownKind(int32_t kind);
/// The type of the `onnx` dialect.
mlir::Type typeOfKind(mlir::MLIRContext *context, int32_t kind);

/// The number of an element type of the `onnx` dialect; 0 for one that raised
/// code has no arithmetic for.
int32_t kindOfElement(mlir::Type type);

/// The kind in which sums of `kind` are kept: half precision in single.
int32_t accumulatorKind(int32_t kind);
/// `x` as `type`, which is the same or a wider float.
mlir::Value widened(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                    mlir::Type type);

/// `value` as a constant of the type of `like`, a scalar.
mlir::Value constantLike(mlir::OpBuilder &b, mlir::Location loc,
                         mlir::Value like, double value);

/// An ONNX value after raising.
struct Raised {
  int32_t kind = 0;
  /// Numbers are index attributes, open sizes index values.
  Sizes shape;
  /// The tensor; null until someone asks RaiseContext::tensor for it.
  mlir::Value tensor;
  /// The contents of a constant.
  mlir::ElementsAttr constant;
  /// The elements, row by row: integers and booleans as index attributes or
  /// index values, floats as f32 attributes or f32 values.
  std::optional<Sizes> elements;
  /// The tensors of a sequence, which is nothing else then.
  std::shared_ptr<const std::vector<Raised>> sequence;
  /// Stands for an input that the node leaves out.
  bool absent = false;

  int64_t rank() const { return shape.size(); }
  bool isTensor() const { return !absent && !sequence; }
};

/// Builds nodes of the `onnx` dialect, whose results stand for another's.
using GraphBuilder = llvm::function_ref<mlir::LogicalResult(
    mlir::OpBuilder &, llvm::SmallVectorImpl<mlir::Value> &results)>;

/// Most elements for which a tensor is kept as scalars.
constexpr int64_t maxElements = 1024;

class RaiseContext {
public:
  RaiseContext(mlir::OpBuilder &builder, mlir::Block *entry)
      : b(builder), entry(entry) {}

  mlir::OpBuilder &b;
  mlir::Location loc = b.getUnknownLoc();

  void set(mlir::Value onnxValue, Raised raised) {
    get(onnxValue) = std::move(raised);
  }
  Raised &get(mlir::Value onnxValue) {
    return values[onnxValue.getAsOpaquePointer()];
  }

  /// The tensor of `raised`, made from its constant or elements when needed.
  mlir::Value tensor(Raised &raised);

  /// The elements of `raised` where they are known as scalars.
  std::optional<Sizes> elements(Raised &raised);
  /// The elements where all are known integers.
  std::optional<llvm::SmallVector<int64_t>> integers(Raised &raised);

  Raised fromTensor(mlir::Value tensor, int32_t kind, Sizes shape);
  Raised fromElements(Sizes elements, int32_t kind,
                      llvm::ArrayRef<int64_t> shape);

  mlir::Type elementType(int32_t kind);
  mlir::RankedTensorType tensorType(llvm::ArrayRef<mlir::OpFoldResult> shape,
                                    int32_t kind);
  mlir::Value empty(llvm::ArrayRef<mlir::OpFoldResult> shape, int32_t kind);
  mlir::Value filled(llvm::ArrayRef<mlir::OpFoldResult> shape,
                     mlir::Value scalar, int32_t kind);
  mlir::Value constantOf(int32_t kind, double value);
  mlir::Value zero(int32_t kind) { return constantOf(kind, 0); }

  // Sizes.
  mlir::OpFoldResult size(int64_t number) { return b.getIndexAttr(number); }
  mlir::Value value(mlir::OpFoldResult size);
  mlir::OpFoldResult multiply(mlir::OpFoldResult a, mlir::OpFoldResult b);
  mlir::OpFoldResult add(mlir::OpFoldResult a, mlir::OpFoldResult b);
  mlir::OpFoldResult product(llvm::ArrayRef<mlir::OpFoldResult> sizes);
  /// total / divisor, which must divide it; symbols that both have cancel.
  mlir::OpFoldResult quotient(llvm::ArrayRef<mlir::OpFoldResult> total,
                              llvm::ArrayRef<mlir::OpFoldResult> divisor);
  bool sameProduct(llvm::ArrayRef<mlir::OpFoldResult> a,
                   llvm::ArrayRef<mlir::OpFoldResult> b);

  /// A check when the call runs: ends it with `message` where `ok` is false.
  void require(mlir::Value ok, const llvm::Twine &message);

  /// `tensor` of shape `from` as shape `to`, which has as many elements.
  mlir::Value reshape(mlir::Value tensor,
                      llvm::ArrayRef<mlir::OpFoldResult> from,
                      llvm::ArrayRef<mlir::OpFoldResult> to);

  /// One linalg.generic over `shape`; operands broadcast as ONNX says.
  using Body = llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Location,
                                              mlir::ValueRange)>;
  Raised elementwise(llvm::MutableArrayRef<Raised> operands, Sizes shape,
                     int32_t kind, Body body);
  /// Finished sums, rounded to `kind`.
  Raised rounded(Raised sums, int32_t kind);

  /// By ONNX value. Rules hold references while they set others.
  using Values = std::unordered_map<const void *, Raised>;
  /// What is known of all values; to be put back after a region was raised,
  /// whose tensors must not be used outside it.
  Values snapshot() const { return values; }
  void restore(Values known) { values = std::move(known); }

  /// Raises a subgraph where the builder stands, its inputs being `arguments`;
  /// gives its outputs. Fails after what was refused has been said.
  std::function<mlir::FailureOr<llvm::SmallVector<Raised>>(
      mlir::Region &subgraph, llvm::ArrayRef<Raised> arguments)>
      raiseSubgraph;

  /// Raises the nodes that `build` puts before `node` in its place. A node of
  /// them that is refused has been reported; fails only where `build` does.
  std::function<mlir::LogicalResult(onnx::NodeOp node, GraphBuilder build)>
      raiseInstead;

  /// Notes what an attention of the file became, for the report: `form` is the
  /// operation, or "graph" where its operators stay apart for the reason in
  /// `detail`.
  void noteAttention(onnx::NodeOp node, llvm::StringRef form,
                     const llvm::Twine &detail);
  /// Notes that `node` became `op`, an attn.attention; what is found of its
  /// structure later goes into the note.
  void noteAttention(mlir::Operation *op, onnx::NodeOp node);
  /// Notes what a mixture of experts became, likewise.
  void noteRoute(onnx::NodeOp node, llvm::StringRef form,
                 const llvm::Twine &detail);
  /// The notes, in the order of the file.
  llvm::SmallVector<mlir::Attribute> attentions, routes;

private:
  mlir::Block *entry;
  Values values;
  llvm::DenseMap<mlir::Attribute, mlir::Value> constants;
};

/// A node while its rule runs.
class NodeContext {
public:
  NodeContext(RaiseContext &context, onnx::NodeOp node)
      : c(context), b(context.b), loc(context.loc), node(node) {}

  RaiseContext &c;
  mlir::OpBuilder &b;
  mlir::Location loc;
  onnx::NodeOp node;

  unsigned numInputs() { return node.getInputs().size(); }
  bool has(unsigned i) { return i < numInputs() && !input(i).absent; }
  Raised &input(unsigned i) { return c.get(node.getInputs()[i]); }
  mlir::Value tensor(unsigned i) { return c.tensor(input(i)); }
  bool isUsedOnce(unsigned i) { return node.getInputs()[i].hasOneUse(); }

  bool hasAttr(llvm::StringRef name) { return !!node.getNodeAttrs().get(name); }
  int64_t integer(llvm::StringRef name, int64_t otherwise);
  float number(llvm::StringRef name, float otherwise);
  llvm::StringRef text(llvm::StringRef name, llvm::StringRef otherwise);
  std::optional<llvm::SmallVector<int64_t>> list(llvm::StringRef name);
  /// The list from attribute `name`, or from input `i` where newer opsets have
  /// it.
  std::optional<llvm::SmallVector<int64_t>> listOrInput(llvm::StringRef name,
                                                        unsigned i);
  /// The numbers in input `i`; those that are not known are read when the call
  /// runs. Nothing where it is not known how many there are, or many.
  std::optional<Sizes> scalars(unsigned i);
  /// The sizes that the model states for an output, where all are numbers.
  std::optional<Sizes> declared(unsigned output = 0);
  /// The sizes listed in input `i`: known, or those that the model states for
  /// the output, compared with the input when the call runs. The input may hold
  /// 1 in their stead where `broadcasts`.
  std::optional<Sizes> listedSizes(unsigned i, bool broadcasts = false);
  /// A check when the call runs that `found` is `expected`.
  void requireEqual(mlir::OpFoldResult found, mlir::OpFoldResult expected,
                    const llvm::Twine &what);
  /// An axis read when the call runs, counted from the front and checked.
  mlir::Value runtimeAxis(mlir::OpFoldResult axis, int64_t rank);
  /// `axis` counted from the front; fails where it lies outside the rank.
  mlir::FailureOr<int64_t> normalAxis(int64_t axis, int64_t rank);
  bool isUsed(unsigned output) {
    return output < node.getNumResults() && !node.getResult(output).use_empty();
  }

  mlir::LogicalResult fail(const llvm::Twine &why) {
    reason = why.str();
    return mlir::failure();
  }
  /// Sizes of the broadcast result of inputs; asks for checks at run time where
  /// equality cannot be seen.
  mlir::FailureOr<Sizes> broadcast(llvm::ArrayRef<Raised> operands);

  mlir::LogicalResult finish(Raised result) {
    c.set(node.getResult(0), std::move(result));
    return mlir::success();
  }
  std::string describe();
  /// The subgraph of the attribute `name`; null when there is none.
  mlir::Region *subgraph(llvm::StringRef name);

  std::string reason;
};

using Rule = std::function<mlir::LogicalResult(NodeContext &)>;

/// Rules by operator; names of other domains are "domain.Operator".
class RuleSet {
public:
  void add(llvm::StringRef name, Rule rule) { rules[name] = std::move(rule); }
  const Rule *find(onnx::NodeOp node) const;

private:
  llvm::StringMap<Rule> rules;
};

void populateElementwiseRules(RuleSet &rules);
/// A part of those.
void populateUnaryRules(RuleSet &rules);
void populateShapeRules(RuleSet &rules);
void populateLayoutRules(RuleSet &rules);
void populateGatherRules(RuleSet &rules);
void populateReduceRules(RuleSet &rules);
void populateProductRules(RuleSet &rules);
void populateConvolutionRules(RuleSet &rules);
void populateAttentionRules(RuleSet &rules);
void populateFlexAttentionRules(RuleSet &rules);
void populateRotaryRules(RuleSet &rules);
void populateChannelRules(RuleSet &rules);
void populateControlRules(RuleSet &rules);
void populateSequenceRules(RuleSet &rules);
void populateUniqueRules(RuleSet &rules);
void populateGridSampleRules(RuleSet &rules);
void populateQuantizeRules(RuleSet &rules);
void populateQuantizedOperatorRules(RuleSet &rules);
void populateScatterRules(RuleSet &rules);
void populateSortRules(RuleSet &rules);
void populateSelectionRules(RuleSet &rules);
void populateSliceRules(RuleSet &rules);
void populateTransposedConvolutionRules(RuleSet &rules);
void populateFourierRules(RuleSet &rules);
void populateCastRules(RuleSet &rules);
void populateResizeRules(RuleSet &rules);
void populateCumulativeRules(RuleSet &rules);
void populateScanRules(RuleSet &rules);

} // namespace tfc::raise

#endif // TFC_PASSES_RAISE_RAISECONTEXT_H
