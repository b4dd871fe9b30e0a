//===- NoteSavings.cpp - what would make a model smaller --------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ArenaPlan.h"
#include "Interface.h"
#include "PlanPipeline.h"
#include "ScaleInput.h"
#include "Schedule.h"
#include "tfc/Target/CortexM7/CortexM7.h"
#include "tfc/Target/CortexM7/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/SetVector.h"

namespace tfc::m7 {
#define GEN_PASS_DEF_NOTESAVINGSPASS
#include "tfc/Target/CortexM7/Passes.h.inc"
} // namespace tfc::m7

using namespace mlir;
using namespace tfc::m7;

namespace {

/// A stack of more than this beside an arena is not expected.
constexpr int64_t mostStack = 4 * stackReserve;

struct NoteSavingsPass
    : public tfc::m7::impl::NoteSavingsPassBase<NoteSavingsPass> {
  using Base::Base;

  void getDependentDialects(DialectRegistry &registry) const override {
    OpPassManager pm(ModuleOp::getOperationName());
    addPlanPasses(pm);
    pm.addPass(createStreamInputsPass());
    pm.getDependentDialects(registry);
  }

  void runOnOperation() override;

private:
  std::optional<PlannedCopy>
  plan(llvm::function_ref<LogicalResult(ModuleOp)> change);
  void noteMemory();
  void noteStream(const InterfaceTensor &input);
  void noteSmallerImage(const Interface &interface, unsigned number);
  void noteInt8(const PlannedCopy &now);
  void note(const Twine &how, int64_t arena, int64_t held);
  void noteWeights();

  SmallVector<Attribute> savings;
};

int64_t number(DictionaryAttr of, StringRef name) {
  return of.getAs<IntegerAttr>(name).getInt();
}

/// "1x3x48x48"
std::string sizesText(ArrayRef<int64_t> sizes) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::interleave(sizes, stream, "x");
  return text;
}

int64_t heldBytes(const Interface &interface) {
  return interface.inputBytes(/*whole=*/false) + interface.outputBytes();
}

/// What the caller holds beside the arena of `planned`.
int64_t heldBytes(ModuleOp module, const PlannedCopy &planned) {
  OwningOpRef<ModuleOp> described = ModuleOp::create(module.getLoc());
  (*described)->setAttr("m7.interface", planned.interface);
  return heldBytes(readInterface(*described));
}

std::optional<PlannedCopy>
NoteSavingsPass::plan(llvm::function_ref<LogicalResult(ModuleOp)> change) {
  return planCopy(
      getOperation(),
      [&](OpPassManager &pm, Operation *op) { return runPipeline(pm, op); },
      change);
}

void NoteSavingsPass::note(const Twine &how, int64_t arena, int64_t held) {
  Builder b(&getContext());
  savings.push_back(
      b.getDictionaryAttr({b.getNamedAttr("arena", b.getI64IntegerAttr(arena)),
                           b.getNamedAttr("held", b.getI64IntegerAttr(held)),
                           b.getNamedAttr("how", b.getStringAttr(how))}));
}

void NoteSavingsPass::noteStream(const InterfaceTensor &input) {
  auto planned = plan([&](ModuleOp copy) {
    OpPassManager pm(ModuleOp::getOperationName());
    pm.addPass(createStreamInputsPass({input.name}));
    return runPipeline(pm, copy);
  });
  if (planned)
    note("with --input-stream=" + input.name, number(planned->plan, "bytes"),
         heldBytes(getOperation(), *planned));
}

/// The dimensions of an image's rows and columns.
std::optional<std::pair<unsigned, unsigned>> imageAxes(ArrayRef<int64_t> dims) {
  auto isChannels = [](int64_t size) { return size >= 1 && size <= 4; };
  if (dims.size() != 4)
    return std::nullopt;
  if (isChannels(dims[1]) && dims[2] >= 8 && dims[3] >= 8)
    return std::pair(2u, 3u);
  if (isChannels(dims[3]) && dims[1] >= 8 && dims[2] >= 8)
    return std::pair(1u, 2u);
  return std::nullopt;
}

void NoteSavingsPass::noteSmallerImage(const Interface &interface,
                                       unsigned input) {
  std::vector<int64_t> dims = interface.inputs[input].dims;
  auto axes = imageAxes(dims);
  if (!axes)
    return;
  auto [rows, columns] = *axes;
  SmallVector<int64_t> last;
  // Rows and columns must fill patches, whose size is not known here.
  for (int64_t step : {1, 2, 4, 7, 8, 14, 16, 28, 32, 64}) {
    SmallVector<int64_t> smaller(dims.begin(), dims.end());
    for (unsigned d : {rows, columns})
      smaller[d] = 3 * dims[d] / 4 / step * step;
    if (dims[rows] % step != 0 || dims[columns] % step != 0 ||
        smaller[rows] == 0 || smaller[columns] == 0 || smaller == last)
      continue;
    last = smaller;
    auto planned =
        plan([&](ModuleOp copy) { return scaleInput(copy, input, smaller); });
    if (!planned)
      continue;
    note("with " + Twine(sizesText(smaller)) + " for input '" +
             interface.inputs[input].name +
             "' (an estimate: the same model "
             "with the sizes that follow)",
         number(planned->plan, "bytes"), heldBytes(getOperation(), *planned));
    return;
  }
}

/// The same lives with a quarter of the bytes where there are f32.
void NoteSavingsPass::noteInt8(const PlannedCopy &now) {
  std::vector<LiveBuffer> buffers;
  for (auto buffer :
       now.plan.getAs<ArrayAttr>("buffers").getAsRange<DictionaryAttr>()) {
    bool isFloat = buffer.getAs<StringAttr>("type").getValue().ends_with("f32");
    buffers.push_back({number(buffer, "bytes") / (isFloat ? 4 : 1),
                       number(buffer, "first"), number(buffer, "last")});
  }
  Interface interface = readInterface(getOperation());
  for (std::vector<InterfaceTensor> *side :
       {&interface.inputs, &interface.outputs})
    for (InterfaceTensor &tensor : *side)
      if (tensor.element == "float")
        tensor.element = "int8_t";
  note("in int8, by --quantize (an estimate: each f32 at a quarter)",
       planArena(buffers, arenaAlignment, {}).bytes, heldBytes(interface));
}

/// Whether the model computes in int8 already.
bool isQuantized(ModuleOp module) {
  return module
      ->walk([](Operation *op) {
        return isa_and_nonnull<M7Dialect>(op->getDialect()) &&
                       !isa<ReadRowsOp>(op)
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

void NoteSavingsPass::noteMemory() {
  Interface interface = readInterface(getOperation());
  auto tiles = getOperation()->getAttrOfType<DictionaryAttr>("m7.tiles");
  if (tiles) {
    int64_t least = INT64_MAX;
    for (auto one :
         tiles.getAs<ArrayAttr>("tried").getAsRange<DictionaryAttr>())
      least = std::min(least, number(one, "bytes"));
    if (least + heldBytes(interface) + mostStack <= sram)
      return;
  }
  auto now = plan([](ModuleOp) { return success(); });
  if (!now ||
      number(now->plan, "bytes") + heldBytes(interface) + mostStack <= sram)
    return;
  for (auto [i, input] : llvm::enumerate(interface.inputs)) {
    if (!input.strip)
      noteStream(input);
    noteSmallerImage(interface, i);
  }
  if (!isQuantized(getOperation()))
    noteInt8(*now);
  getOperation()->setAttr("m7.savings", ArrayAttr::get(&getContext(), savings));
}

/// Inputs and outputs of the linear layer that `weight` is the weights of;
/// nothing where it is used otherwise.
std::optional<std::pair<int64_t, int64_t>> layerOf(OpOperand &weight) {
  auto op = dyn_cast<linalg::LinalgOp>(weight.getOwner());
  if (!op || op.getNumReductionLoops() == 0 || op.getNumDpsInputs() < 2 ||
      op.isDpsInit(&weight))
    return std::nullopt;
  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  int64_t inputs = 1, outputs = 1;
  for (auto [size, expression] :
       llvm::zip(cast<ShapedType>(weight.get().getType()).getShape(),
                 op.getMatchingIndexingMap(&weight).getResults())) {
    auto loop = dyn_cast<AffineDimExpr>(expression);
    if (!loop)
      return std::nullopt;
    bool isSummed = kinds[loop.getPosition()] == utils::IteratorType::reduction;
    bool isOfOthers =
        llvm::any_of(op.getDpsInputOperands(), [&](OpOperand *other) {
          return other != &weight &&
                 op.getMatchingIndexingMap(other).isFunctionOfDim(
                     loop.getPosition());
        });
    // Each output is made of all of x, as it is not of a convolution by depth.
    if (isSummed != isOfOthers)
      return std::nullopt;
    (isSummed ? inputs : outputs) *= size;
  }
  return std::pair(inputs, outputs);
}

void NoteSavingsPass::noteWeights() {
  Builder b(&getContext());
  SmallVector<Attribute> weights;
  llvm::SmallDenseSet<Attribute> counted;
  auto add = [&](Operation *user, int64_t bytes,
                 std::optional<std::pair<int64_t, int64_t>> layer) {
    NamedAttrList entry;
    entry.set("bytes", b.getI64IntegerAttr(bytes));
    entry.set("node", b.getStringAttr(nodeName(user->getLoc())));
    if (layer) {
      entry.set("inputs", b.getI64IntegerAttr(layer->first));
      entry.set("outputs", b.getI64IntegerAttr(layer->second));
    }
    weights.push_back(entry.getDictionary(&getContext()));
  };
  getOperation().walk([&](Operation *op) {
    if (auto product = dyn_cast<ProductOp>(op)) {
      ShapedType type = product.getWeights().getShapedType();
      if (counted.insert(product.getWeights()).second)
        add(op, type.getNumElements(),
            std::pair(type.getDimSize(1), type.getDimSize(0)));
    }
    auto constant = dyn_cast<arith::ConstantOp>(op);
    auto type = constant ? dyn_cast<RankedTensorType>(constant.getType())
                         : RankedTensorType();
    if (!type || op->use_empty() || !counted.insert(constant.getValue()).second)
      return;
    std::optional<std::pair<int64_t, int64_t>> layer;
    for (OpOperand &use : op->getUses())
      if (!layer)
        layer = layerOf(use);
    unsigned bits =
        type.getElementType().isIndex() ? 32 : type.getElementTypeBitWidth();
    add(*op->user_begin(), type.getNumElements() * llvm::divideCeil(bits, 8),
        layer);
  });
  getOperation()->setAttr("m7.weights", b.getArrayAttr(weights));
}

void NoteSavingsPass::runOnOperation() {
  savings.clear();
  if (!getOperation().lookupSymbol<func::FuncOp>(computeName) ||
      !getOperation()->hasAttr("m7.interface"))
    return;
  if (flash > 0)
    noteWeights();
  if (sram > 0)
    noteMemory();
}

} // namespace
