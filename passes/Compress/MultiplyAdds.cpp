//===- MultiplyAdds.cpp - what a call of a model computes -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Passes/Compress/MultiplyAdds.h"

#include "tfc/Dialect/Attn/Attn.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tfc;

namespace {

/// Counts, or says where it cannot.
class Counter {
public:
  std::optional<int64_t> count(Region &region);

  std::string reason;

private:
  std::optional<int64_t> count(Operation &op);
  std::optional<int64_t> count(linalg::LinalgOp op);
  std::optional<int64_t> count(attn::AttentionOp op);
  std::optional<int64_t> count(scf::ForOp op);
  /// What is inside of others: both ways of a branch where they cost the same,
  /// and a loop of unknown length where it costs nothing.
  std::optional<int64_t> countRegions(Operation &op);

  std::optional<int64_t> size(Value value, int64_t dim);
  /// The product of all sizes of `value`, and of `more`.
  std::optional<int64_t> sizes(Value value, ArrayRef<int64_t> more = {});
  std::optional<int64_t> fail(Operation &op, StringRef what);
};

} // namespace

std::optional<int64_t> Counter::fail(Operation &op, StringRef what) {
  std::string place;
  llvm::raw_string_ostream stream(place);
  if (auto named = op.getLoc()->findInstanceOf<NameLoc>())
    stream << "'" << named.getName().getValue() << "' ("
           << op.getName().getStringRef() << ")";
  else
    stream << op.getName().getStringRef();
  if (reason.empty())
    reason = place + ": " + what.str();
  return std::nullopt;
}

std::optional<int64_t> Counter::size(Value value, int64_t dim) {
  auto type = cast<ShapedType>(value.getType());
  if (!type.isDynamicDim(dim))
    return type.getDimSize(dim);
  FailureOr<int64_t> known = ValueBoundsConstraintSet::computeConstantBound(
      presburger::BoundType::EQ,
      ValueBoundsConstraintSet::Variable(value, dim));
  return succeeded(known) ? std::optional<int64_t>(*known) : std::nullopt;
}

std::optional<int64_t> Counter::sizes(Value value, ArrayRef<int64_t> more) {
  int64_t product = 1;
  for (int64_t dim : llvm::seq(cast<ShapedType>(value.getType()).getRank())) {
    std::optional<int64_t> known = size(value, dim);
    if (!known)
      return std::nullopt;
    product *= *known;
  }
  for (int64_t factor : more)
    product *= factor;
  return product;
}

/// Whether what is added to the sum is a product, of two things: squares, of
/// which norms are made, are none.
static bool addsProduct(Value added) {
  while (Operation *cast = added.getDefiningOp()) {
    if (!isa<arith::ExtFOp, arith::TruncFOp, arith::ExtSIOp, arith::ExtUIOp>(
            cast))
      break;
    added = cast->getOperand(0);
  }
  Operation *product = added.getDefiningOp();
  return isa_and_nonnull<arith::MulFOp, arith::MulIOp>(product) &&
         product->getOperand(0) != product->getOperand(1);
}

/// How many of the results of `op` are sums of products.
static int64_t numSumsOfProducts(linalg::LinalgOp op) {
  if (op.getNumReductionLoops() == 0)
    return 0;
  int64_t sums = 0;
  for (auto [i, yielded] :
       llvm::enumerate(op.getBlock()->getTerminator()->getOperands())) {
    Operation *sum = yielded.getDefiningOp();
    if (!isa_and_nonnull<arith::AddFOp, arith::AddIOp>(sum))
      continue;
    BlockArgument before = op.getRegionOutputArgs()[i];
    Value first = sum->getOperand(0), second = sum->getOperand(1);
    if (first == before || second == before)
      sums += addsProduct(first == before ? second : first);
  }
  return sums;
}

std::optional<int64_t> Counter::count(linalg::LinalgOp op) {
  int64_t product = numSumsOfProducts(op);
  if (product == 0)
    return 0;
  for (unsigned loop : llvm::seq(op.getNumLoops())) {
    Value operand;
    unsigned dim;
    std::optional<int64_t> known;
    if (succeeded(op.mapIterationSpaceDimToOperandDim(loop, operand, dim)))
      known = size(operand, dim);
    if (!known)
      return fail(*op, "its sizes depend on data");
    product *= *known;
  }
  return product;
}

std::optional<int64_t> Counter::count(attn::AttentionOp op) {
  std::optional<int64_t> width = size(op.getQuery(), 3),
                         results = sizes(op.getInit()),
                         result = size(op.getInit(), 3);
  std::optional<int64_t> keys = size(op.getKey(), 2);
  if (Value blocks = op.getKeyBlocks())
    if ((keys = size(blocks, 1)))
      *keys *= *op.getBlockSize();
  if (!width || !results || !result || !keys)
    return fail(*op, "its sizes depend on data");
  int64_t rows = *result ? *results / *result : 0;
  // What hard attention gives is one of the values.
  bool addsValues = op.getScore() != attn::ScoreFunction::Hard;
  return rows * *keys * (*width + (addsValues ? *result : 0));
}

std::optional<int64_t> Counter::count(scf::ForOp op) {
  std::optional<int64_t> inside = count(op.getRegion());
  if (!inside || *inside == 0)
    return inside;
  std::optional<APInt> repeats = op.getStaticTripCount();
  if (!repeats)
    return fail(*op, "how often it repeats depends on data");
  return *inside * repeats->getSExtValue();
}

std::optional<int64_t> Counter::countRegions(Operation &op) {
  llvm::SmallVector<int64_t> counts;
  for (Region &region : op.getRegions()) {
    std::optional<int64_t> inside =
        region.empty() ? std::optional<int64_t>(0) : count(region);
    if (!inside)
      return std::nullopt;
    counts.push_back(*inside);
  }
  if (counts.empty() || (isa<scf::IfOp>(op) && llvm::all_equal(counts)))
    return counts.empty() ? 0 : counts.front();
  if (llvm::all_of(counts, [](int64_t count) { return count == 0; }))
    return 0;
  return fail(op, isa<scf::IfOp>(op)
                      ? "which of its branches runs depends on data"
                      : "how often it repeats depends on data");
}

std::optional<int64_t> Counter::count(Operation &op) {
  auto of = [&](std::optional<int64_t> product) {
    return product ? product : fail(op, "its sizes depend on data");
  };
  return llvm::TypeSwitch<Operation *, std::optional<int64_t>>(&op)
      .Case([&](attn::LinearOp linear) {
        int64_t last = cast<ShapedType>(linear.getX().getType()).getRank() - 1;
        std::optional<int64_t> inputs = size(linear.getX(), last);
        return of(inputs ? sizes(linear.getInit(), *inputs) : std::nullopt);
      })
      .Case([&](attn::PatchEmbedOp embed) {
        ArrayRef<int64_t> kernel =
            cast<ShapedType>(embed.getWeight().getType()).getShape();
        return of(sizes(embed.getInit(), kernel.drop_front()));
      })
      .Case([&](attn::RouteOp route) {
        ArrayRef<int64_t> up =
            cast<ShapedType>(route.getW1().getType()).getShape();
        ArrayRef<int64_t> down =
            cast<ShapedType>(route.getW2().getType()).getShape();
        int64_t hidden = up[1] * up[2] * (route.getW3() ? 2 : 1);
        return of(sizes(route.getChoices(), hidden + down[1] * down[2]));
      })
      .Case([&](attn::ScanOp scan) {
        std::optional<int64_t> tokens = size(scan.getKey(), 2),
                               rows = size(scan.getKey(), 3),
                               read = sizes(scan.getInit());
        std::optional<int64_t> states = sizes(scan.getState());
        if (!tokens || !rows || !read || !states)
          return of(std::nullopt);
        int64_t writes = scan.getBeta() ? 2 : 1;
        return of(*states * *tokens * writes + *read * *rows);
      })
      .Case([&](attn::AttentionOp attention) { return count(attention); })
      .Case([&](linalg::LinalgOp structured) { return count(structured); })
      .Case([&](scf::ForOp loop) { return count(loop); })
      .Default([&](Operation *other) { return countRegions(*other); });
}

std::optional<int64_t> Counter::count(Region &region) {
  int64_t total = 0;
  for (Operation &op : region.getOps()) {
    std::optional<int64_t> one = count(op);
    if (!one)
      return std::nullopt;
    total += *one;
  }
  return total;
}

/// Gives the arguments of `function` their sizes, and what follows from them.
static LogicalResult specialise(ModuleOp module, func::FuncOp function,
                                ArrayRef<SmallVector<int64_t>> inputs) {
  OpBuilder b(function.getBody());
  for (auto [argument, shape] :
       llvm::zip_equal(function.getArguments(), inputs)) {
    auto open = cast<RankedTensorType>(argument.getType());
    if (open.hasStaticShape())
      continue;
    auto cast = tensor::CastOp::create(b, function.getLoc(), open, argument);
    argument.replaceAllUsesExcept(cast, cast);
    argument.setType(open.clone(shape));
  }
  function.setType(FunctionType::get(function.getContext(),
                                     function.getBody().getArgumentTypes(),
                                     function.getResultTypes()));
  PassManager pm(function.getContext(), ModuleOp::getOperationName());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(memref::createResolveRankedShapeTypeResultDimsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  return pm.run(module);
}

llvm::Expected<int64_t>
tfc::compress::numberOfMultiplyAdds(func::FuncOp function,
                                    ArrayRef<SmallVector<int64_t>> inputs) {
  OwningOpRef<ModuleOp> scratch;
  auto isOpen = [](Type type) {
    auto shaped = dyn_cast<ShapedType>(type);
    return shaped && !shaped.hasStaticShape();
  };
  if (!inputs.empty() && llvm::any_of(function.getArgumentTypes(), isOpen)) {
    scratch = ModuleOp::create(function.getLoc());
    func::FuncOp copy = function.clone();
    scratch->push_back(copy);
    // Asserts on sizes that do not hold are the call's to report.
    ScopedDiagnosticHandler quiet(function.getContext(),
                                  [](Diagnostic &) { return success(); });
    if (failed(specialise(*scratch, copy, inputs)))
      return llvm::createStringError(
          "the model cannot have the sizes of its inputs");
    function = copy;
  }
  Counter counter;
  std::optional<int64_t> count = counter.count(function.getBody());
  if (!count)
    return llvm::createStringError("multiply-adds cannot be counted: " +
                                   counter.reason);
  return *count;
}
