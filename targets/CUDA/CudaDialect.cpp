//===- CudaDialect.cpp - the cuda dialect -----------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Dialect/Attn/BufferizeInPlace.h"
#include "tfc/Target/CUDA/Cuda.h"
#include "tfc/Target/CUDA/CudaTarget.h"
#include "tfc/Target/X86/X86Target.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::cuda;

#include "tfc/Target/CUDA/CudaDialect.cpp.inc"
#include "tfc/Target/CUDA/CudaEnums.cpp.inc"
#define GET_OP_CLASSES
#include "tfc/Target/CUDA/CudaOps.cpp.inc"

void CudaDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "tfc/Target/CUDA/CudaOps.cpp.inc"
      >();
}

MutableOperandRange ProductOp::getDpsInitsMutable() { return getInitMutable(); }

LogicalResult
ProductOp::reifyResultShapes(OpBuilder &b,
                             ReifiedRankedShapedTypeDims &shapes) {
  if (getResult())
    shapes.push_back(tensor::getMixedSizes(b, getLoc(), getInit()));
  return success();
}

using Effects =
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>;

/// Destinations are written, other buffers read.
static void noteEffects(DestinationStyleOpInterface op, Effects &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<BaseMemRefType>(operand.get().getType()))
      continue;
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
    else
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
  }
}

void ProductOp::getEffects(Effects &effects) { noteEffects(*this, effects); }

/// The elements of `a` and `b` that are multiplied so.
static Type factorType(Multiply multiply, MLIRContext *context) {
  if (multiply == Multiply::F16)
    return Float16Type::get(context);
  if (multiply == Multiply::BF16)
    return BFloat16Type::get(context);
  return Float32Type::get(context);
}

/// Whether `map` has the loop `dim` as just one of its results, and in no
/// other.
static bool hasPlainLoop(AffineMap map, unsigned dim) {
  unsigned plain = 0, all = 0;
  for (AffineExpr result : map.getResults()) {
    plain += result == getAffineDimExpr(dim, map.getContext());
    all += result.isFunctionOfDim(dim);
  }
  return plain == 1 && all == 1;
}

static LogicalResult verifyLoops(ProductOp op) {
  unsigned batch = op.getNumBatchLoops(), m = batch, n = batch + 1,
           k = batch + 2;
  AffineMap a = op.getMap(0), b = op.getMap(1), init = op.getInitMap();
  if (!hasPlainLoop(a, k) || !hasPlainLoop(b, k))
    return op.emitOpError("expected a and b to be indexed by the loop k");
  if (a.isFunctionOfDim(n) || b.isFunctionOfDim(m))
    return op.emitOpError("expected a without the loop n, and b without m");
  for (unsigned i = 0, e = op.getMaps().size(); i < e; ++i) {
    AffineMap map = op.getMap(i);
    for (unsigned dim : {m, n})
      if (map.isFunctionOfDim(dim) && !hasPlainLoop(map, dim))
        return op.emitOpError("expected the loops m and n to be indices as "
                              "they are, found ")
               << AffineMapAttr::get(map);
    if (i > 1 && map.isFunctionOfDim(k))
      return op.emitOpError("expected the loop k in a and b only, found ")
             << AffineMapAttr::get(map);
  }
  if (!init.isProjectedPermutation())
    return op.emitOpError("expected init to be indexed by loops, found ")
           << AffineMapAttr::get(init);
  for (unsigned dim = 0; dim < batch; ++dim)
    if (!init.isFunctionOfDim(dim))
      return op.emitOpError("expected all batch loops in init, found ")
             << AffineMapAttr::get(init);
  for (auto [dim, map] : {std::pair(m, a), std::pair(n, b)})
    if (map.isFunctionOfDim(dim) != init.isFunctionOfDim(dim))
      return op.emitOpError("expected the same of the loops m and n in init "
                            "as in a and b, found ")
             << AffineMapAttr::get(init);
  return success();
}

LogicalResult ProductOp::verify() {
  SmallVector<Value> shaped = {getA(), getB()};
  llvm::append_range(shaped, getOthers());
  shaped.push_back(getInit());
  if (getMaps().size() != shaped.size())
    return emitOpError("expected ")
           << shaped.size() << " maps, found " << getMaps().size();
  for (auto [i, value] : llvm::enumerate(shaped)) {
    AffineMap map = getMap(i);
    auto type = cast<ShapedType>(value.getType());
    if (map.getNumDims() != getMap(0).getNumDims() || map.getNumDims() < 3 ||
        map.getNumSymbols() != 0)
      return emitOpError("expected maps from the same three loops at least, "
                         "found ")
             << AffineMapAttr::get(map);
    if (!type.hasRank() || type.getRank() != map.getNumResults())
      return emitOpError("expected as many indices as dimensions, found ")
             << AffineMapAttr::get(map) << " for " << type;
  }
  if (failed(verifyLoops(*this)))
    return failure();
  Type factor = factorType(getMultiply(), getContext());
  for (Value value : {getA(), getB()})
    if (getElementTypeOrSelf(value.getType()) != factor)
      return emitOpError("expected factors of ")
             << factor << ", found " << value.getType();
  Block &body = getEpilogue().front();
  SmallVector<Type> elements = {Float32Type::get(getContext())};
  for (Value other : getOthers())
    elements.push_back(getElementTypeOrSelf(other.getType()));
  if (TypeRange(body.getArgumentTypes()) != TypeRange(elements))
    return emitOpError("expected an epilogue of ") << TypeRange(elements);
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  Type element = getElementTypeOrSelf(getInit().getType());
  if (!yield || yield.getElement().getType() != element)
    return emitOpError("expected an epilogue that yields ") << element;
  if (getResult() && getResult().getType() != getInit().getType())
    return emitOpError("expected a result of ") << getInit().getType();
  return success();
}

MutableOperandRange SortOp::getDpsInitsMutable() { return getInitsMutable(); }

LogicalResult SortOp::reifyResultShapes(OpBuilder &b,
                                        ReifiedRankedShapedTypeDims &shapes) {
  for (auto [result, init] : llvm::zip(getResults(), getInits()))
    shapes.push_back(tensor::getMixedSizes(b, getLoc(), init));
  return success();
}

void SortOp::getEffects(Effects &effects) { noteEffects(*this, effects); }

/// Whether `type` may have the shape of the input, or fewer elements a row.
static bool fitsRows(ShapedType type, ShapedType input, unsigned dimension,
                     bool mayHaveFewer) {
  if (!type.hasRank() || type.getRank() != input.getRank())
    return false;
  for (unsigned d = 0, e = input.getRank(); d < e; ++d) {
    int64_t found = type.getDimSize(d), expected = input.getDimSize(d);
    if (ShapedType::isDynamic(found) || ShapedType::isDynamic(expected))
      continue;
    if (found > expected ||
        (found < expected && !(d == dimension && mayHaveFewer)))
      return false;
  }
  return true;
}

LogicalResult SortOp::verify() {
  auto input = cast<ShapedType>(getInput().getType());
  if (!input.hasRank() || int64_t(getDimension()) >= input.getRank())
    return emitOpError("expected a dimension of the input, found ")
           << getDimension() << " of " << input;
  if (getInits().size() != 1 && getInits().size() != 2)
    return emitOpError("expected one destination or two, found ")
           << getInits().size();
  for (Value init : getInits())
    if (!fitsRows(cast<ShapedType>(init.getType()), input, getDimension(),
                  !givesPlaces()))
      return emitOpError("expected rows of ")
             << input << (givesPlaces() ? "" : " or shorter ones") << ", found "
             << init.getType();
  if (!givesPlaces() &&
      getElementTypeOrSelf(getInits()[0].getType()) != input.getElementType())
    return emitOpError("expected values of ")
           << input.getElementType() << ", found " << getInits()[0].getType();
  Type numbers = getElementTypeOrSelf(getInits().back().getType());
  if (!numbers.isSignlessInteger() && !numbers.isIndex())
    return emitOpError("expected integers, found ")
           << getInits().back().getType();
  Block &body = getKey().front();
  if (body.getArgumentTypes() != ArrayRef<Type>(input.getElementType()))
    return emitOpError("expected a key of ") << input.getElementType();
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield || !yield.getElement().getType().isSignlessInteger() ||
      yield.getElement().getType().getIntOrFloatBitWidth() > 64)
    return emitOpError("expected a key of an integer of 64 bits or less");
  if (!getResults().empty() &&
      getResultTypes() != TypeRange(getInits().getTypes()))
    return emitOpError("expected results of ") << getInits().getTypes();
  return success();
}

namespace {
/// What overwrites its destinations.
template <typename Op>
struct DestinationModel
    : public bufferization::DstBufferizableOpInterfaceExternalModel<
          DestinationModel<Op>, Op> {
  /// The destination is written, never read.
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const bufferization::AnalysisState &) const {
    return !cast<DestinationStyleOpInterface>(op).isDpsInit(&operand);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const bufferization::BufferizationOptions &options,
                          bufferization::BufferizationState &state) const {
    return attn::bufferizeInPlace(op, rewriter, options, state);
  }
};
} // namespace

void tfc::cuda::registerCudaInterfaces(DialectRegistry &registry) {
  x86::registerX86Interfaces(registry);
  registry.insert<CudaDialect>();
  registry.addExtension(+[](MLIRContext *context, CudaDialect *) {
    ProductOp::attachInterface<DestinationModel<ProductOp>>(*context);
    SortOp::attachInterface<DestinationModel<SortOp>>(*context);
  });
}
