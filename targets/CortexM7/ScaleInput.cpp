//===- ScaleInput.cpp - the same model of a smaller input -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sizes go from the input along the operations, forwards and backwards: a loop
// of linalg has one number of iterations in all its operands, a reshape keeps
// products. A size changes once; what would have to be two sizes fails here or
// in the verifier.
//
//===----------------------------------------------------------------------===//

#include "ScaleInput.h"
#include "Interface.h"
#include "tfc/Target/CortexM7/CortexM7.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tfc::m7;

namespace {

class Scaling {
public:
  explicit Scaling(func::FuncOp function) : function(function) {}

  /// Input `number` becomes `dims`.
  LogicalResult run(ModuleOp module, unsigned number, ArrayRef<int64_t> dims);

private:
  using Sizes = SmallVector<int64_t>;

  static ArrayRef<int64_t> oldSizes(Value value) {
    return cast<ShapedType>(value.getType()).getShape();
  }
  ArrayRef<int64_t> newSizes(Value value) {
    auto found = sizes.find(value);
    return found == sizes.end() ? oldSizes(value)
                                : ArrayRef<int64_t>(found->second);
  }
  bool isChanged(Value value, unsigned d) {
    return newSizes(value)[d] != oldSizes(value)[d];
  }
  void set(Value value, unsigned d, int64_t size);
  void tie(Value a, unsigned i, Value b, unsigned j) {
    if (isChanged(a, i))
      set(b, j, newSizes(a)[i]);
    else if (isChanged(b, j))
      set(a, i, newSizes(b)[j]);
  }
  void tieAll(Value a, Value b) {
    if (oldSizes(a).size() == oldSizes(b).size())
      for (unsigned d = 0; d < oldSizes(a).size(); ++d)
        tie(a, d, b, d);
  }

  void spread();
  /// False for operations that nothing is known of.
  bool spreadOver(Operation *op);
  bool spreadOverKernel(Operation *op);
  void spreadOver(linalg::LinalgOp op);
  void spreadOver(scf::ForOp op);
  void spreadOver(tensor::ExtractSliceOp op);
  void spreadOver(tensor::InsertSliceOp op);
  void spreadOverGroups(Value split, Value joined,
                        ArrayRef<ReassociationIndices> groups);
  struct Ratio {
    int64_t now = 1, before = 1;
  };
  std::optional<Ratio> iterations(scf::ForOp loop);
  void spreadOverStrips(scf::ForOp loop, Ratio ratio);
  void setTypes();
  template <typename SliceOp>
  void setSlice(SliceOp op, Value part, Value whole);
  void describe(ModuleOp module);

  func::FuncOp function;
  DenseMap<Value, Sizes> sizes;
  /// The new one of each size that changed first.
  DenseMap<int64_t, int64_t> known;
  /// Rows of an image that the caller delivers by strips, before and after.
  int64_t rowsBefore = 1, rowsAfter = 1;
  bool changed = false, failed = false;
};

/// An operation for each use, so that tensors of one size by chance need not
/// have one afterwards.
void separateUses(func::FuncOp function) {
  auto separate = [&](auto matches) {
    SmallVector<Operation *> found;
    function.walk([&](Operation *op) {
      if (matches(op))
        found.push_back(op);
    });
    for (Operation *op : found) {
      SmallVector<OpOperand *> uses;
      for (OpOperand &use : op->getUses())
        uses.push_back(&use);
      for (OpOperand *use : llvm::drop_begin(uses, uses.empty() ? 0 : 1)) {
        OpBuilder b(use->getOwner());
        use->set(b.clone(*op)->getResult(0));
      }
    }
  };
  separate([](Operation *op) { return isa<linalg::FillOp>(op); });
  separate([](Operation *op) {
    return isa<tensor::EmptyOp>(op) ||
           (isa<arith::ConstantOp>(op) &&
            isa<RankedTensorType>(op->getResult(0).getType()));
  });
}

void Scaling::set(Value value, unsigned d, int64_t size) {
  ArrayRef<int64_t> before = oldSizes(value);
  if (newSizes(value)[d] == size)
    return;
  if (size <= 0 || isChanged(value, d)) {
    failed = true;
    return;
  }
  Sizes &now =
      sizes.try_emplace(value, before.begin(), before.end()).first->second;
  now[d] = size;
  known.try_emplace(before[d], size);
  changed = true;
}

/// The number of iterations of the loop that an operand's size, as an affine
/// expression of the loops, counts: of more than one, as in a window, the one
/// with the longest steps.
struct Extent {
  SmallVector<std::pair<unsigned, int64_t>> steps;
  unsigned outer = 0;

  static std::optional<Extent> of(AffineExpr expression, unsigned loops) {
    if (!expression.isPureAffine())
      return std::nullopt;
    Extent extent;
    MLIRContext *context = expression.getContext();
    auto at = [&](std::optional<unsigned> one) -> std::optional<int64_t> {
      SmallVector<AffineExpr> places(loops, getAffineConstantExpr(0, context));
      if (one)
        places[*one] = getAffineConstantExpr(1, context);
      auto value = dyn_cast<AffineConstantExpr>(expression.replaceDims(places));
      return value ? std::optional(value.getValue()) : std::nullopt;
    };
    for (unsigned loop = 0; loop < loops; ++loop) {
      if (!expression.isFunctionOfDim(loop))
        continue;
      std::optional<int64_t> zero = at(std::nullopt), one = at(loop);
      if (!zero || !one || *one <= *zero)
        return std::nullopt;
      if (extent.steps.empty() ||
          *one - *zero > extent.steps[extent.outer].second)
        extent.outer = extent.steps.size();
      extent.steps.push_back({loop, *one - *zero});
    }
    return extent;
  }

  int64_t size(ArrayRef<int64_t> ranges) const {
    int64_t last = 0;
    for (auto [loop, step] : steps)
      last += step * (ranges[loop] - 1);
    return last + 1;
  }
};

void Scaling::spreadOver(linalg::LinalgOp op) {
  SmallVector<int64_t> before = op.getStaticLoopRanges(), after = before;
  unsigned loops = before.size();
  auto forSizes = [&](auto act) {
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<RankedTensorType>(operand.get().getType()))
        continue;
      for (auto [d, expression] :
           llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults())) {
        std::optional<Extent> extent = Extent::of(expression, loops);
        if (!extent)
          failed |= isChanged(operand.get(), d);
        else if (!extent->steps.empty())
          act(operand.get(), d, *extent);
      }
    }
  };
  forSizes([&](Value operand, unsigned d, const Extent &extent) {
    if (!isChanged(operand, d))
      return;
    auto [loop, step] = extent.steps[extent.outer];
    int64_t difference = newSizes(operand)[d] - oldSizes(operand)[d];
    int64_t count = before[loop] + difference / step;
    failed |= difference % step != 0 ||
              (after[loop] != before[loop] && after[loop] != count);
    after[loop] = count;
  });
  if (failed)
    return;
  forSizes([&](Value operand, unsigned d, const Extent &extent) {
    int64_t grown = extent.size(after) - extent.size(before);
    if (grown != 0)
      set(operand, d, oldSizes(operand)[d] + grown);
  });
}

void Scaling::spreadOver(scf::ForOp op) {
  for (auto [i, result] : llvm::enumerate(op.getResults())) {
    if (!isa<RankedTensorType>(result.getType()))
      continue;
    for (Value other : {op.getInitArgs()[i], Value(op.getRegionIterArgs()[i]),
                        op.getBody()->getTerminator()->getOperand(i)})
      tieAll(result, other);
  }
}

void Scaling::spreadOver(tensor::ExtractSliceOp op) {
  llvm::SmallBitVector dropped = op.getDroppedDims();
  unsigned r = 0;
  for (unsigned d = 0; d < oldSizes(op.getSource()).size(); ++d) {
    int64_t whole = oldSizes(op.getSource())[d], size = op.getStaticSizes()[d],
            offset = op.getStaticOffsets()[d], step = op.getStaticStrides()[d];
    std::optional<unsigned> place;
    if (!dropped[d])
      place = r++;
    if (size == whole && place) {
      tie(op.getSource(), d, op.getResult(), *place);
      continue;
    }
    if (!isChanged(op.getSource(), d) || ShapedType::isDynamic(offset) ||
        size == 1)
      continue;
    // What goes to the end still does; other parts could be of any size.
    if (!place || ShapedType::isDynamic(step) || offset >= size * step ||
        offset + size * step < whole) {
      failed = true;
      return;
    }
    set(op.getResult(), *place,
        llvm::divideCeil(newSizes(op.getSource())[d] - offset, step));
  }
}

void Scaling::spreadOver(tensor::InsertSliceOp op) {
  llvm::SmallBitVector dropped = op.getDroppedDims();
  unsigned r = 0;
  for (unsigned d = 0; d < oldSizes(op.getDest()).size(); ++d) {
    if (dropped[d])
      continue;
    unsigned place = r++;
    int64_t size = op.getStaticSizes()[d], whole = oldSizes(op.getDest())[d];
    if (size == whole)
      tie(op.getSource(), place, op.getDest(), d);
    else if (ShapedType::isDynamic(op.getStaticOffsets()[d]))
      continue;
    // One of the parts of a concatenation, or what padding is put around.
    else if (isChanged(op.getSource(), place) && !isChanged(op.getDest(), d))
      set(op.getDest(), d, whole - size + newSizes(op.getSource())[place]);
    else if (isChanged(op.getDest(), d) && !isChanged(op.getSource(), place) &&
             op.getDest().getDefiningOp<linalg::FillOp>())
      set(op.getSource(), place, newSizes(op.getDest())[d] - whole + size);
  }
}

/// `split`'s dimensions by groups are `joined`'s.
void Scaling::spreadOverGroups(Value split, Value joined,
                               ArrayRef<ReassociationIndices> groups) {
  for (auto [j, group] : llvm::enumerate(groups)) {
    int64_t product = 1;
    bool changedHere = false;
    for (int64_t d : group) {
      product *= newSizes(split)[d];
      changedHere |= isChanged(split, d);
    }
    if (changedHere) {
      set(joined, j, product);
      continue;
    }
    if (!isChanged(joined, j))
      continue;
    // Sizes that change elsewhere change here, or some of them.
    int64_t target = newSizes(joined)[j];
    std::optional<Sizes> found;
    bool isUnique = true;
    for (unsigned mask = 1; mask < (1u << group.size()); ++mask) {
      Sizes sizes;
      int64_t product = 1;
      for (auto [i, d] : llvm::enumerate(group)) {
        int64_t size = oldSizes(split)[d];
        auto other = known.find(size);
        if (mask >> i & 1)
          size = size == 1              ? 0
                 : other != known.end() ? other->second
                 : group.size() == 1    ? target
                                        : size;
        sizes.push_back(size);
        product *= size;
      }
      if (product != target)
        continue;
      isUnique &= !found || *found == sizes;
      found = sizes;
    }
    // One that is not 1 alone has them all.
    if (!found && llvm::count_if(group, [&](int64_t d) {
                    return oldSizes(split)[d] != 1;
                  }) == 1) {
      found.emplace();
      for (int64_t d : group)
        found->push_back(oldSizes(split)[d] == 1 ? 1 : target);
    }
    if (found && isUnique)
      for (auto [d, size] : llvm::zip(group, *found))
        set(split, d, size);
  }
}

bool Scaling::spreadOverKernel(Operation *op) {
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case([&](ProductOp product) {
        for (unsigned d = 0; d + 1 < oldSizes(product.getX()).size(); ++d)
          tie(product.getX(), d, product.getInit(), d);
        return true;
      })
      .Case([&](ActivationProductOp product) {
        tie(product.getX(), 0, product.getInit(), 0);
        tie(product.getY(), 0, product.getInit(), 1);
        tie(product.getX(), 1, product.getY(), 1);
        return true;
      })
      .Case([&](AttentionOp attention) {
        tie(attention.getQ(), 0, attention.getInit(), 0);
        tie(attention.getKeys(), 0, attention.getValues(), 0);
        return true;
      })
      .Case<SoftmaxOp, TableOp, NormOp>([&](auto rowwise) {
        tieAll(rowwise.getX(), rowwise.getInit());
        return true;
      })
      .Case<AddOp, MultiplyOp>([&](auto binary) {
        tieAll(binary.getA(), binary.getInit());
        tieAll(binary.getB(), binary.getInit());
        return true;
      })
      .Case([&](MeanOp mean) {
        tie(mean.getX(), 1, mean.getInit(), 0);
        return true;
      })
      .Case<ReadRowsOp>([](auto) { return true; })
      .Default([](Operation *) { return false; });
}

bool Scaling::spreadOver(Operation *op) {
  if (auto inPlace = dyn_cast<DestinationStyleOpInterface>(op))
    for (OpResult result : op->getResults())
      tieAll(result, inPlace.getTiedOpOperand(result)->get());
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case<linalg::LinalgOp, scf::ForOp, tensor::ExtractSliceOp,
            tensor::InsertSliceOp>([&](auto known) {
        spreadOver(known);
        return true;
      })
      .Case([&](tensor::CollapseShapeOp reshape) {
        spreadOverGroups(reshape.getSrc(), reshape.getResult(),
                         reshape.getReassociationIndices());
        return true;
      })
      .Case([&](tensor::ExpandShapeOp reshape) {
        spreadOverGroups(reshape.getResult(), reshape.getSrc(),
                         reshape.getReassociationIndices());
        return true;
      })
      .Case([&](tensor::PadOp pad) {
        for (auto [d, low, high] :
             llvm::enumerate(pad.getStaticLow(), pad.getStaticHigh()))
          if (isChanged(pad.getSource(), d))
            set(pad.getResult(), d, newSizes(pad.getSource())[d] + low + high);
        return true;
      })
      .Case([&](bufferization::ToTensorOp whole) {
        tieAll(whole.getBuffer(), whole.getResult());
        return true;
      })
      .Case([&](bufferization::MaterializeInDestinationOp end) {
        tieAll(end.getSource(), end.getDest());
        return true;
      })
      .Case<tensor::EmptyOp, arith::ConstantOp, scf::YieldOp, tensor::ExtractOp,
            func::FuncOp>([](auto) { return true; })
      .Default([&](Operation *other) { return spreadOverKernel(other); });
}

void Scaling::spread() {
  do {
    changed = false;
    function.walk([&](Operation *op) {
      if (!failed && !spreadOver(op))
        // Of what else is there only what sizes pass by is known.
        failed = llvm::any_of(op->getOperands(), [&](Value operand) {
          return sizes.contains(operand);
        });
    });
  } while (changed && !failed);
}

/// The number of iterations of a loop over strips, where its tensors say how
/// many there are now.
std::optional<Scaling::Ratio> Scaling::iterations(scf::ForOp loop) {
  std::optional<int64_t> begin = getConstantIntValue(loop.getLowerBound()),
                         end = getConstantIntValue(loop.getUpperBound()),
                         step = getConstantIntValue(loop.getStep());
  if (!begin || !end || !step || *step <= 0)
    return std::nullopt;
  int64_t before = llvm::divideCeil(*end - *begin, *step);
  std::optional<Ratio> found;
  loop.walk([&](ReadRowsOp) {
    failed |= before * rowsAfter % rowsBefore != 0;
    found = Ratio{before * rowsAfter / rowsBefore, before};
  });
  loop.walk([&](tensor::ExtractSliceOp slice) {
    for (auto [d, offset, size] :
         llvm::enumerate(slice.getStaticOffsets(), slice.getStaticSizes())) {
      if (!ShapedType::isDynamic(offset) || !isChanged(slice.getSource(), d) ||
          before < 2)
        continue;
      int64_t stride = (oldSizes(slice.getSource())[d] - size) / (before - 1);
      int64_t left = newSizes(slice.getSource())[d] - size;
      if (stride <= 0 || left < 0 || left % stride != 0)
        failed = true;
      else
        found = Ratio{left / stride + 1, before};
    }
  });
  return found;
}

/// What a loop over strips fills strip by strip has as many of them as it has
/// iterations.
void Scaling::spreadOverStrips(scf::ForOp loop, Ratio ratio) {
  auto scale = [&](auto op, Value whole, Value part) {
    llvm::SmallBitVector dropped = op.getDroppedDims();
    unsigned r = 0;
    for (auto [d, offset, size] :
         llvm::enumerate(op.getStaticOffsets(), op.getStaticSizes())) {
      int64_t now = dropped[d] ? 1 : newSizes(part)[r++];
      if (!ShapedType::isDynamic(offset) || isChanged(whole, d))
        continue;
      int64_t all = oldSizes(whole)[d] * ratio.now * now;
      failed |= all % (ratio.before * size) != 0;
      set(whole, d, all / (ratio.before * size));
    }
  };
  loop.walk([&](Operation *op) {
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
      scale(slice, slice.getSource(), slice.getResult());
    if (auto slice = dyn_cast<tensor::InsertSliceOp>(op))
      scale(slice, slice.getDest(), slice.getSource());
  });
  OpBuilder b(loop);
  int64_t end = *getConstantIntValue(loop.getLowerBound()) +
                *getConstantIntValue(loop.getStep()) * ratio.now;
  loop.setUpperBound(arith::ConstantIndexOp::create(b, loop.getLoc(), end));
}

template <typename SliceOp>
void Scaling::setSlice(SliceOp op, Value part, Value whole) {
  llvm::SmallBitVector dropped = op.getDroppedDims();
  Sizes counts(op.getStaticSizes()), offsets(op.getStaticOffsets());
  unsigned r = 0;
  for (unsigned d = 0; d < counts.size(); ++d) {
    if (!dropped[d])
      counts[d] = newSizes(part)[r++];
    if (!ShapedType::isDynamic(offsets[d]) && op.getStaticStrides()[d] == 1)
      offsets[d] = std::max<int64_t>(
          0, std::min(offsets[d], newSizes(whole)[d] - counts[d]));
  }
  op.setStaticSizes(counts);
  op.setStaticOffsets(offsets);
}

void Scaling::setTypes() {
  function.walk([&](Operation *op) {
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
      setSlice(slice, slice.getResult(), slice.getSource());
    else if (auto slice = dyn_cast<tensor::InsertSliceOp>(op))
      setSlice(slice, slice.getSource(), slice.getDest());
    else if (auto reshape = dyn_cast<tensor::ExpandShapeOp>(op))
      reshape.setStaticOutputShape(newSizes(reshape.getResult()));
  });
  for (auto &[value, now] : sizes) {
    auto type = cast<ShapedType>(value.getType()).clone(now);
    value.setType(type);
    if (auto constant = value.getDefiningOp<arith::ConstantOp>())
      constant.setValueAttr(DenseElementsAttr::get(
          type,
          cast<TypedAttr>(
              Builder(type.getContext()).getZeroAttr(type.getElementType()))));
  }
  function.walk([](ReadRowsOp read) {
    read.getRows().setType(
        rowsType(cast<ShapedType>(read.getInit().getType())));
  });
  function.setFunctionType(FunctionType::get(
      function.getContext(), function.getBody().front().getArgumentTypes(),
      function.getFunctionType().getResults()));
}

/// The interface with the sizes of the function's buffers.
void Scaling::describe(ModuleOp module) {
  Builder b(module.getContext());
  NamedAttrList interface(
      module->getAttrOfType<DictionaryAttr>("m7.interface"));
  unsigned argument = 0;
  for (StringRef side : {"inputs", "outputs"}) {
    SmallVector<Attribute> tensors;
    for (auto entry :
         cast<ArrayAttr>(interface.get(side)).getAsRange<DictionaryAttr>()) {
      NamedAttrList tensor(entry);
      if (entry.contains("strip_rows"))
        ++argument;
      else
        tensor.set("dims", b.getDenseI64ArrayAttr(
                               oldSizes(function.getArgument(argument))));
      ++argument;
      tensors.push_back(tensor.getDictionary(module.getContext()));
    }
    interface.set(side, b.getArrayAttr(tensors));
  }
  module->setAttr("m7.interface", interface.getDictionary(module.getContext()));
}

LogicalResult Scaling::run(ModuleOp module, unsigned number,
                           ArrayRef<int64_t> dims) {
  Interface interface = readInterface(module);
  if (number >= interface.inputs.size())
    return failure();
  separateUses(function);
  unsigned argument = number;
  for (unsigned i = 0; i < number; ++i)
    argument += interface.inputs[i].strip ? 1 : 0;
  const std::optional<InterfaceStrip> &strip = interface.inputs[number].strip;
  Value image;
  for (Operation *user : function.getArgument(argument).getUsers())
    if (isa<ReadRowsOp, bufferization::ToTensorOp>(user))
      image = isa<ReadRowsOp>(user) ? cast<ReadRowsOp>(user).getInit()
                                    : user->getResult(0);
  if (!image)
    return failure();
  for (auto [d, before, after] :
       llvm::enumerate(interface.inputs[number].dims, dims)) {
    if (strip && strip->axis == static_cast<int64_t>(d)) {
      rowsBefore = before;
      rowsAfter = after;
    } else {
      set(image, d, after);
    }
  }
  spread();
  SmallVector<scf::ForOp> loops;
  function.walk<WalkOrder::PreOrder>(
      [&](scf::ForOp loop) { loops.push_back(loop); });
  for (scf::ForOp loop : loops) {
    std::optional<Ratio> ratio = failed ? std::nullopt : iterations(loop);
    if (!ratio || failed)
      continue;
    spreadOverStrips(loop, *ratio);
    if (!failed)
      spread();
  }
  if (failed)
    return failure();
  setTypes();
  describe(module);
  return success();
}

} // namespace

LogicalResult tfc::m7::scaleInput(ModuleOp module, unsigned number,
                                  ArrayRef<int64_t> dims) {
  auto function = module.lookupSymbol<func::FuncOp>(computeName);
  if (!function || !module->hasAttr("m7.interface"))
    return failure();
  return Scaling(function).run(module, number, dims);
}
