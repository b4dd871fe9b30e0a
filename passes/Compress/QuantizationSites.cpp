//===- QuantizationSites.cpp - values that get a scale ----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuantizationSites.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

namespace {

class SiteFinder {
public:
  explicit SiteFinder(func::FuncOp function) : function(function) {}

  Sites run() {
    for (Operation &op : function.front())
      findInner(&op);
    for (Operation &op : function.front())
      visit(&op);
    for (Value scores : softmaxInputs)
      visitScores(scores);
    return ordered();
  }

private:
  void findInner(Operation *op);
  void findAbsorbed(Operation *op);
  void visit(Operation *op);
  void visitGeneric(linalg::GenericOp op);
  void visitJoin(tensor::InsertSliceOp op);
  bool visitMultiple(linalg::GenericOp op);
  void visitScores(Value scores);

  /// The tensor of which `op` is a function, element by element.
  Value functionBase(Operation *op);

  void read(Value operand);
  Site &give(Value result) {
    Site &site = found[result];
    site.value = result;
    return site;
  }
  Sites ordered();

  func::FuncOp function;
  llvm::MapVector<Value, Site> found;
  /// Results of operations that are in f32 inside of a kernel.
  DenseSet<Value> inner;
  DenseMap<Operation *, Softmax> softmaxes;
  llvm::SetVector<Value> softmaxInputs;
  DenseMap<Operation *, Value> bases;
  SmallVector<SmallVector<Value>> joins;
};

} // namespace

/// Whether the body computes a number from numbers, and nothing else.
static bool isArithmetic(Block &body) {
  return llvm::all_of(body.without_terminator(), [](Operation &op) {
    return isa_and_nonnull<arith::ArithDialect, math::MathDialect>(
               op.getDialect()) &&
           llvm::all_of(op.getResultTypes(), [](Type type) {
             return type.isF32() || type.isInteger(1);
           });
  });
}

Value SiteFinder::functionBase(Operation *op) {
  auto known = bases.find(op);
  if (known != bases.end())
    return known->second;
  auto search = [&]() -> Value {
    linalg::GenericOp generic = elementwise(op);
    if (!generic || isCopy(generic) || !isArithmetic(*generic.getBody()) ||
        meanOf(op) || softmaxes.contains(op))
      return {};
    Value base;
    for (OpOperand *operand : generic.getDpsInputOperands()) {
      Value input = operand->get();
      if (isReal(input) && uniformNumber(input))
        continue;
      if (!isReal(input) || isConstantValue(input) ||
          !generic.getMatchingIndexingMap(operand).isIdentity())
        return {};
      Value own = functionBase(input.getDefiningOp());
      Value from = own ? own : input;
      if (base && base != from)
        return {};
      base = from;
    }
    return base;
  };
  Value base = op ? search() : Value();
  return bases[op] = base;
}

void SiteFinder::findInner(Operation *op) {
  if (std::optional<Softmax> softmax = softmaxOf(op)) {
    for (Operation *part : softmax->inner)
      inner.insert(part->getResult(0));
    softmaxInputs.insert(softmax->input);
    softmaxes.try_emplace(op, std::move(*softmax));
  }
  if (std::optional<Mean> mean = meanOf(op))
    inner.insert(mean->sum->getResult(0));
  findAbsorbed(op);
  // A function that only goes into functions of the same tensor.
  Value base = functionBase(op);
  if (base && !op->use_empty() &&
      llvm::all_of(op->getUsers(),
                   [&](Operation *user) { return functionBase(user) == base; }))
    inner.insert(op->getResult(0));
}

/// Bias and relu belong to the product before them.
void SiteFinder::findAbsorbed(Operation *op) {
  linalg::GenericOp generic = elementwise(op);
  if (!generic || generic.getNumDpsInputs() == 0)
    return;
  Operation *body = onlyOperation(generic);
  OpOperand *first = generic.getDpsInputOperand(0);
  if (isa_and_nonnull<arith::MaximumFOp, arith::MaxNumFOp>(body) &&
      functionBase(op) == first->get() && first->get().hasOneUse()) {
    Operation *product = first->get().getDefiningOp();
    Value other = body->getOperand(0) == generic.getBody()->getArgument(0)
                      ? body->getOperand(1)
                      : body->getOperand(0);
    bool isZero = uniformOperand(generic, other) == 0;
    bool isBiased = elementwise(product) &&
                    llvm::any_of(product->getOperands(), [&](Value operand) {
                      return inner.contains(operand) &&
                             contractionOf(operand.getDefiningOp());
                    });
    if (isZero && (contractionOf(product) || isBiased))
      inner.insert(first->get());
    return;
  }
  if (!isa_and_nonnull<arith::AddFOp>(body) || generic.getNumDpsInputs() != 2 ||
      !llvm::all_of(body->getOperands(),
                    [](Value value) { return isa<BlockArgument>(value); }))
    return;
  for (unsigned i : {0u, 1u}) {
    Value product = generic.getInputs()[i];
    OpOperand *bias = generic.getDpsInputOperand(1 - i);
    std::optional<Contraction> contraction =
        contractionOf(product.getDefiningOp());
    if (!contraction || !product.hasOneUse() || !isReal(bias->get()) ||
        !isConstantValue(bias->get()) ||
        !generic.getMatchingIndexingMap(generic.getDpsInputOperand(i))
             .isIdentity())
      continue;
    bool hasWeights = isConstantValue(contraction->y->get());
    if (!hasWeights && !isConstantValue(contraction->x->get()))
      continue;
    AffineMap weights = hasWeights ? contraction->yMap : contraction->xMap;
    AffineMap other = hasWeights ? contraction->xMap : contraction->yMap;
    // One number for all rows.
    auto type = cast<RankedTensorType>(bias->get().getType());
    AffineMap map = generic.getMatchingIndexingMap(bias);
    bool isByColumn = true;
    for (auto [size, expression] : llvm::zip(type.getShape(), map.getResults()))
      if (auto dim = dyn_cast<AffineDimExpr>(expression); dim && size != 1) {
        auto loop = dyn_cast<AffineDimExpr>(
            contraction->outMap.getResult(dim.getPosition()));
        isByColumn &= loop && weights.isFunctionOfDim(loop.getPosition()) &&
                      !other.isFunctionOfDim(loop.getPosition());
      }
    if (!isByColumn)
      continue;
    // Rather a bias than a function of the product.
    bases[generic] = Value();
    inner.insert(product);
    return;
  }
}

/// `operand` goes into a kernel.
void SiteFinder::read(Value operand) {
  if (!isReal(operand) || isConstantValue(operand))
    return;
  Value root = rootOf(operand);
  if (!inner.contains(root) && !root.getDefiningOp<tensor::EmptyOp>())
    give(root);
}

/// A product with a positive number: the same integers.
bool SiteFinder::visitMultiple(linalg::GenericOp op) {
  Value input = op.getInputs().empty() ? Value() : op.getInputs()[0];
  if (!input || functionBase(op) != input || inner.contains(rootOf(input)))
    return false;
  Operation *body = onlyOperation(op);
  if (!isa_and_nonnull<arith::MulFOp, arith::DivFOp>(body) ||
      body->getOperand(0) != op.getBody()->getArgument(0))
    return false;
  std::optional<float> number = uniformOperand(op, body->getOperand(1));
  if (!number || !(*number > 1e-6f && *number < 1e6f))
    return false;
  read(input);
  Site &site = give(op.getResult(0));
  site.source = ScaleSource::Multiple;
  site.base = rootOf(input);
  site.factor = isa<arith::DivFOp>(body) ? 1.0 / *number : *number;
  return true;
}

void SiteFinder::visitGeneric(linalg::GenericOp op) {
  if (op.getNumResults() != 1 || !isReal(op.getResult(0)) ||
      isConstantValue(op.getResult(0)))
    return;
  Value result = op.getResult(0);
  if (isCopy(op) || isGreatest(op)) {
    read(op.getInputs()[0]);
    Value root = rootOf(op.getInputs()[0]);
    if (inner.contains(result) || !found.count(root))
      return;
    Site &site = give(result);
    site.source = ScaleSource::Multiple;
    site.base = root;
    return;
  }
  if (inner.contains(result))
    return;
  if (auto softmax = softmaxes.find(op); softmax != softmaxes.end()) {
    read(softmax->second.input);
    give(result).source = ScaleSource::Probability;
    return;
  }
  if (visitMultiple(op))
    return;
  if (Value base = functionBase(op))
    read(base);
  else if (std::optional<Mean> mean = meanOf(op))
    read(mean->input);
  else
    for (Value input : op.getInputs())
      read(input);
  // What is read by index.
  op.getBody()->walk(
      [&](tensor::ExtractOp extract) { read(extract.getTensor()); });
  give(result);
}

/// The last of a row of operations that put parts into one tensor.
void SiteFinder::visitJoin(tensor::InsertSliceOp op) {
  if (!isReal(op.getResult()) || isMove(op) ||
      llvm::any_of(op->getUses(), [](OpOperand &use) {
        auto next = dyn_cast<tensor::InsertSliceOp>(use.getOwner());
        return next && use.get() == next.getDest();
      }))
    return;
  SmallVector<Value> parts;
  for (Value into = op.getResult();;) {
    auto insert = into.getDefiningOp<tensor::InsertSliceOp>();
    Value part = insert ? insert.getSource() : into;
    if (!part.getDefiningOp<tensor::EmptyOp>() && !isConstantValue(part)) {
      read(part);
      parts.push_back(rootOf(part));
    }
    if (!insert)
      break;
    into = insert.getDest();
  }
  if (parts.empty())
    return;
  give(op.getResult());
  parts.push_back(op.getResult());
  joins.push_back(std::move(parts));
}

void SiteFinder::visit(Operation *op) {
  if (std::optional<Contraction> contraction = contractionOf(op)) {
    read(contraction->x->get());
    read(contraction->y->get());
    if (!inner.contains(op->getResult(0)))
      give(op->getResult(0));
    return;
  }
  if (auto norm = dyn_cast<attn::NormOp>(op)) {
    if (!norm.getResult() || !isReal(norm.getResult()))
      return;
    read(norm.getX());
    give(norm.getResult());
  } else if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
    visitGeneric(generic);
  } else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
    visitJoin(insert);
  }
}

/// Masks are numbers far below the scores, in them or added to them.
void SiteFinder::visitScores(Value scores) {
  auto at = found.find(scores);
  if (at == found.end())
    return;
  at->second.isSoftmaxInput = true;
  linalg::GenericOp add = elementwise(scores.getDefiningOp());
  if (!add || add.getNumDpsInputs() != 2 ||
      !isa_and_nonnull<arith::AddFOp>(onlyOperation(add)))
    return;
  for (unsigned i : {0u, 1u}) {
    Value mask = add.getInputs()[i], other = add.getInputs()[1 - i];
    if (!isReal(mask) || !isReal(other) || uniformNumber(mask))
      continue;
    Value root = rootOf(mask);
    if (isConstantValue(mask))
      give(root);
    if (auto site = found.find(root); site != found.end())
      site->second.addedTo = other;
  }
}

Sites SiteFinder::ordered() {
  Sites result;
  DenseMap<Value, unsigned> numbers;
  auto add = [&](Value value) {
    auto at = found.find(value);
    if (at == found.end())
      return;
    Site site = at->second;
    if (site.source == ScaleSource::Range) {
      site.number = numbers.size();
      numbers[value] = site.number;
    }
    result.sites.push_back(site);
  };
  for (Value argument : function.getArguments())
    add(argument);
  for (Operation &op : function.front())
    for (Value value : op.getResults())
      add(value);
  llvm::EquivalenceClasses<unsigned> classes;
  for (const SmallVector<Value> &join : joins)
    for (Value part : join)
      if (numbers.contains(part))
        classes.unionSets(numbers[join.back()], numbers[part]);
  for (const auto *leader : classes) {
    if (!leader->isLeader())
      continue;
    SmallVector<unsigned> members(classes.member_begin(*leader),
                                  classes.member_end());
    llvm::sort(members);
    result.shared.push_back(std::move(members));
  }
  llvm::sort(result.shared);
  Operation *end = function.front().getTerminator();
  for (OpOperand &operand : end->getOpOperands())
    if (isReal(operand.get()) && !found.count(operand.get()) &&
        found.count(rootOf(operand.get())))
      result.movedResults.push_back(operand.getOperandNumber());
  return result;
}

const Site *Sites::find(Value value) const {
  for (const Site &site : sites)
    if (site.value == value)
      return &site;
  return nullptr;
}

unsigned Sites::numRanges() const {
  return llvm::count_if(sites, [](const Site &site) {
    return site.source == ScaleSource::Range;
  });
}

Sites tfc::compress::findSites(func::FuncOp function) {
  return SiteFinder(function).run();
}

bool tfc::compress::isQuantized(func::FuncOp function) {
  return function
      ->walk([](Operation *op) {
        return isa<attn::QuantizeOp, attn::DequantizeOp>(op)
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}
