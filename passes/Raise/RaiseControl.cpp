//===- RaiseControl.cpp - loops and branches --------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConditionalLoop.h"
#include "GrowingValues.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::raise;

namespace {

/// The number in a tensor of one element, as an index.
Value scalarIndex(NodeContext &n, Raised &x) {
  if (std::optional<Sizes> elements = n.c.elements(x))
    if (elements->size() == 1)
      return n.c.value(elements->front());
  Value one = tensor::ExtractOp::create(
      n.b, n.loc, n.c.reshape(n.c.tensor(x), x.shape, {}), ValueRange());
  return arith::IndexCastOp::create(n.b, n.loc, n.b.getIndexType(), one);
}

/// Where the items of a sequence lie.
struct Place {
  int64_t axis = 0;
  bool backwards = false;
};

/// The position counted from the end.
Value fromTheEnd(OpBuilder &b, Location loc, Value length, Value position) {
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  return arith::SubIOp::create(
      b, loc, arith::SubIOp::create(b, loc, length, one), position);
}

/// A loop from 0 to `count` that carries values and collects others: what Loop
/// (with a count and no condition) and Scan share.
class CountedLoop {
public:
  CountedLoop(NodeContext &n, Value count, MutableArrayRef<Raised> initial)
      : n(n), rewriter(n.b.getContext()) {
    SmallVector<Value> values;
    for (Raised &value : initial) {
      values.push_back(n.c.tensor(value));
      carried.push_back(n.c.fromTensor(values.back(), value.kind, value.shape));
    }
    Value zero = arith::ConstantIndexOp::create(n.b, n.loc, 0),
          one = arith::ConstantIndexOp::create(n.b, n.loc, 1);
    loop = scf::ForOp::create(n.b, n.loc, zero, count, one, values);
    for (auto [value, argument] : llvm::zip(carried, loop.getRegionIterArgs()))
      value = n.c.fromTensor(argument, value.kind, value.shape);
  }

  Value position() { return loop.getInductionVar(); }

  /// Ends the body: `next` are the carried values' new ones, `collected` go to
  /// the place of the iteration in a tensor of `count` of them, along axis 0
  /// where no places are given. The results are the last values, then the
  /// collections.
  LogicalResult finish(MutableArrayRef<Raised> next,
                       MutableArrayRef<Raised> collected, OpFoldResult count,
                       SmallVectorImpl<Raised> &results,
                       ArrayRef<Place> places = {});

  NodeContext &n;
  scf::ForOp loop;
  SmallVector<Raised> carried;

private:
  bool isOutside(OpFoldResult size) {
    auto value = dyn_cast<Value>(size);
    return !value || !loop->isAncestor(value.getParentBlock()->getParentOp());
  }

  IRRewriter rewriter;
};

LogicalResult CountedLoop::finish(MutableArrayRef<Raised> next,
                                  MutableArrayRef<Raised> collected,
                                  OpFoldResult count,
                                  SmallVectorImpl<Raised> &results,
                                  ArrayRef<Place> places) {
  SmallVector<Value> yields;
  for (auto [i, pair] : llvm::enumerate(llvm::zip(next, carried))) {
    auto &[value, before] = pair;
    if (failed(keepSizes(n, value, before, i)))
      return failure();
    yields.push_back(n.c.tensor(value));
  }
  SmallVector<Value> items;
  bool firstAxis = llvm::all_of(places, [](Place p) { return p.axis == 0; });
  for (auto [i, value] : llvm::enumerate(collected)) {
    unsigned output = firstAxis ? carried.size() + i : ~0u;
    if (failed(stateSizes(n, value, output,
                          [&](OpFoldResult size) { return isOutside(size); })))
      return failure();
    items.push_back(n.c.tensor(value));
  }
  scf::YieldOp::create(n.b, n.loc, yields);
  n.b.setInsertionPoint(loop);
  SmallVector<Value> empty;
  SmallVector<Sizes> shapes;
  SmallVector<int64_t> axes;
  for (auto [i, value] : llvm::enumerate(collected)) {
    Sizes shape = value.shape;
    axes.push_back(places.empty() ? 0 : places[i].axis);
    shape.insert(shape.begin() + axes.back(), count);
    empty.push_back(n.c.empty(shape, value.kind));
    shapes.push_back(shape);
  }
  Value length = n.c.value(count);
  rewriter.setInsertionPoint(loop);
  auto place = [&](OpBuilder &b, Location loc,
                   ArrayRef<BlockArgument> arguments) {
    SmallVector<Value> filled;
    for (auto [i, argument] : llvm::enumerate(arguments)) {
      int64_t rank = shapes[i].size();
      Sizes offsets(rank, b.getIndexAttr(0)), sizes = shapes[i],
                                              strides(rank, b.getIndexAttr(1));
      Value position = arguments.front().getOwner()->getArgument(0);
      offsets[axes[i]] = !places.empty() && places[i].backwards
                             ? fromTheEnd(b, loc, length, position)
                             : position;
      sizes[axes[i]] = b.getIndexAttr(1);
      filled.push_back(tensor::InsertSliceOp::create(b, loc, items[i], argument,
                                                     offsets, sizes, strides));
    }
    return filled;
  };
  if (!collected.empty()) {
    auto wider = loop.replaceWithAdditionalYields(
        rewriter, empty,
        /*replaceInitOperandUsesInLoop=*/false, place);
    if (failed(wider))
      return n.fail("its loop cannot collect");
    loop = cast<scf::ForOp>(wider->getOperation());
  }
  n.b.setInsertionPointAfter(loop);
  for (auto [i, result] : llvm::enumerate(loop.getResults()))
    if (i < carried.size())
      results.push_back(
          n.c.fromTensor(result, carried[i].kind, carried[i].shape));
    else
      results.push_back(n.c.fromTensor(result,
                                       collected[i - carried.size()].kind,
                                       shapes[i - carried.size()]));
  return success();
}

LogicalResult setResults(NodeContext &n, ArrayRef<Raised> results) {
  for (auto [value, raised] : llvm::zip(n.node.getResults(), results))
    n.c.set(value, raised);
  return success();
}

/// A truth that is known when compiling.
std::optional<bool> knownTruth(NodeContext &n, Raised &condition) {
  std::optional<SmallVector<int64_t>> known = n.c.integers(condition);
  if (!known || known->size() != 1)
    return std::nullopt;
  return known->front() != 0;
}

/// Whether the condition that the body gives is always true.
bool staysTrue(NodeContext &n, Value condition, Value given) {
  if (condition == given)
    return true;
  ElementsAttr constant;
  if (auto initializer = condition.getDefiningOp<onnx::InitializerOp>())
    constant = initializer.getValue();
  if (auto node = condition.getDefiningOp<onnx::NodeOp>()) {
    if (node.getOpType() == "Identity" || node.getOpType() == "Cast")
      return staysTrue(n, node.getInputs()[0], given);
    if (node.getOpType() == "Constant")
      constant = node.getNodeAttrs().getAs<ElementsAttr>("value");
  }
  if (!constant)
    return knownTruth(n, n.c.get(condition)).value_or(false);
  Raised raised;
  raised.kind = Bool;
  raised.constant = constant;
  for (int64_t size : constant.getShapedType().getShape())
    raised.shape.push_back(n.c.size(size));
  return knownTruth(n, raised).value_or(false);
}

/// The trip count as a size; null where data decides it.
std::optional<OpFoldResult> knownCount(NodeContext &n) {
  if (!n.has(0))
    return std::nullopt;
  std::optional<Sizes> count = n.c.elements(n.input(0));
  if (!count || count->size() != 1)
    return std::nullopt;
  if (std::optional<int64_t> number = getConstantIntValue(count->front()))
    return n.c.size(std::max<int64_t>(0, *number));
  Value value = n.c.value(count->front());
  if (value.getDefiningOp<tensor::DimOp>())
    return count->front();
  // A negative count runs no iteration.
  return getAsOpFoldResult(n.b.createOrFold<arith::MaxSIOp>(
      n.loc, value, arith::ConstantIndexOp::create(n.b, n.loc, 0)));
}

/// Most iterations of a loop whose values grow that are written out.
constexpr int64_t mostUnrolled = 256;

/// Whether all but what is `growing` keep their sizes.
bool sameSizes(ArrayRef<Raised> after, ArrayRef<Raised> before,
               const GrowingValues &growing) {
  return llvm::all_of(llvm::seq<unsigned>(0, before.size()), [&](unsigned i) {
    const Raised &a = after[i], &b = before[i];
    return a.isTensor() && b.isTensor() && a.kind == b.kind &&
           (growing.contains(i) || a.shape == b.shape);
  });
}

/// Writes the iterations one after the other, each with its own sizes. Gives
/// nothing where the first shows that what is carried keeps its sizes but for
/// what is `growing`, so that a loop will do; what it raised is then unused and
/// goes away.
FailureOr<std::optional<SmallVector<Raised>>>
unroll(NodeContext &n, Region &body, int64_t count, ArrayRef<Raised> initial,
       const GrowingValues &growing, bool forever) {
  SmallVector<Raised> state(initial);
  for (int64_t i = 0; i < count; ++i) {
    SmallVector<Raised> arguments = {n.c.fromElements({n.c.size(i)}, Int64, {}),
                                     n.c.fromElements({n.c.size(1)}, Bool, {})};
    arguments.append(state);
    FailureOr<SmallVector<Raised>> outputs = n.c.raiseSubgraph(body, arguments);
    if (failed(outputs))
      return n.fail("its body is not supported");
    ArrayRef<Raised> next = ArrayRef(*outputs).drop_front();
    if (i == 0 && sameSizes(next.take_front(state.size()), state, growing))
      return std::optional<SmallVector<Raised>>();
    if (next.size() > state.size())
      return n.fail("it collects values while others change their size");
    state.assign(next.begin(), next.end());
    if (forever)
      continue;
    std::optional<bool> goesOn = knownTruth(n, outputs->front());
    if (!goesOn)
      return n.fail("what it carries changes its size, and its condition "
                    "depends on data");
    if (!*goesOn)
      return std::optional(state);
  }
  if (count > mostUnrolled)
    return n.fail("what it carries changes its size in more than " +
                  Twine(mostUnrolled) + " iterations");
  return std::optional(state);
}

/// The number of iterations that the model states by the size of what the loop
/// collects.
std::optional<OpFoldResult> statedCount(NodeContext &n, unsigned output) {
  std::optional<Sizes> declared = n.declared(output);
  if (!declared || declared->empty())
    return std::nullopt;
  return declared->front();
}

/// A loop over a count that nothing ends before; what is `growing` is
/// collected.
LogicalResult raiseCountedLoop(NodeContext &n, Region &body, Value count,
                               std::optional<OpFoldResult> known,
                               ArrayRef<Raised> initial,
                               GrowingValues &growing) {
  // A negative count runs no iteration.
  if (!count.getDefiningOp<tensor::DimOp>())
    count = n.b.createOrFold<arith::MaxSIOp>(
        n.loc, count, arith::ConstantIndexOp::create(n.b, n.loc, 0));
  OpFoldResult times =
      known && !getConstantIntValue(*known) ? *known : getAsOpFoldResult(count);
  SmallVector<Raised> kept;
  for (auto [i, value] : llvm::enumerate(initial))
    if (!growing.contains(i))
      kept.push_back(value);
  growing.yieldItems();
  OpBuilder::InsertionGuard guard(n.b);
  CountedLoop loop(n, count, kept);
  n.b.setInsertionPointToStart(loop.loop.getBody());
  SmallVector<Raised> arguments = {
      n.c.fromElements({OpFoldResult(loop.position())}, Int64, {}),
      n.c.fromElements({n.c.size(1)}, Bool, {})};
  unsigned next = 0;
  for (auto [i, value] : llvm::enumerate(initial))
    arguments.push_back(growing.contains(i) ? value : loop.carried[next++]);
  FailureOr<SmallVector<Raised>> outputs = n.c.raiseSubgraph(body, arguments);
  if (failed(outputs))
    return n.fail("its body is not supported");
  SmallVector<Raised> after, collected, last;
  for (auto [i, value] : llvm::enumerate(ArrayRef(*outputs).drop_front()))
    (i >= initial.size() || growing.contains(i) ? collected : after)
        .push_back(value);
  if (!collected.empty() && !known)
    return n.fail("it collects values, and how many depends on data");
  if (failed(loop.finish(after, collected, times, last)))
    return failure();
  SmallVector<Raised> results;
  unsigned state = 0, item = after.size();
  for (auto [i, value] : llvm::enumerate(initial)) {
    if (!growing.contains(i)) {
      results.push_back(last[state++]);
      continue;
    }
    Raised before = value;
    FailureOr<Raised> whole = growing.joined(i, before, last[item++]);
    if (failed(whole))
      return failure();
    results.push_back(*whole);
  }
  results.append(last.begin() + item, last.end());
  return setResults(n, results);
}

LogicalResult raiseLoop(NodeContext &n) {
  Region *body = n.subgraph("body");
  if (!body)
    return n.fail("it has no body");
  for (unsigned i = 0; i < std::min(2u, n.numInputs()); ++i)
    if (n.input(i).sequence)
      return n.fail("its trip count and condition must be tensors");
  LoopStart start;
  start.body = body;
  for (unsigned i = 2; i < n.numInputs(); ++i)
    start.initial.push_back(n.input(i));
  std::optional<OpFoldResult> known = knownCount(n);
  std::optional<bool> first = n.has(1) ? knownTruth(n, n.input(1)) : true;
  bool forever = staysTrue(n, body->front().getTerminator()->getOperand(0),
                           body->front().getArgument(1));
  // ONNX says to ignore it, and runtimes do not.
  if (!n.has(1) && !forever)
    return n.fail("its body gives a condition, and its input none");
  if (!n.has(0) && forever && first.value_or(false))
    return n.fail("nothing ends it");
  std::optional<int64_t> times =
      known ? getConstantIntValue(*known) : std::nullopt;
  if (!n.has(0) || (times && *times > mostUnrolled && !forever))
    times = mostUnrolled + 1;
  bool collects = n.node.getNumResults() > start.initial.size();
  // Only a loop that nothing ends can collect instead of growing.
  GrowingValues growing(n, *body, forever ? start.initial.size() : 0);
  if (first == std::optional(true) && times &&
      (*times <= mostUnrolled || !forever) && !(*times <= 0 && collects)) {
    FailureOr<std::optional<SmallVector<Raised>>> unrolled =
        unroll(n, *body, *times, start.initial, growing, forever);
    if (failed(unrolled))
      return failure();
    if (*unrolled)
      return setResults(n, **unrolled);
  }
  for (Raised &value : start.initial)
    if (!value.isTensor())
      return n.fail(
          "it carries a sequence, and how often it runs is not known");
  Value count = n.has(0) ? scalarIndex(n, n.input(0)) : Value();
  if (count && !known && collects)
    start.stated = statedCount(n, start.initial.size());
  if (count && forever && first == std::optional(true)) {
    if (start.stated) {
      known = start.stated;
      n.requireEqual(count, *known,
                     "its trip count is not the size that the model states for "
                     "its output");
    }
    return raiseCountedLoop(n, *body, count, known, start.initial, growing);
  }
  start.go = n.has(1) ? truth(n, n.input(1))
                      : arith::ConstantIntOp::create(n.b, n.loc, 1, 1);
  start.most = count;
  start.bound = known;
  FailureOr<SmallVector<Raised>> results =
      raiseConditionalLoop(n, std::move(start));
  return failed(results) ? failure() : setResults(n, *results);
}

/// The axes and directions of the sequences that a Scan reads or makes; none of
/// them given are axis 0 and forwards.
FailureOr<SmallVector<Place>> placesOf(NodeContext &n, StringRef kind,
                                       ArrayRef<int64_t> ranks) {
  auto axes = n.list(("scan_" + kind + "_axes").str()),
       directions = n.list(("scan_" + kind + "_directions").str());
  if ((axes && axes->size() != ranks.size()) ||
      (directions && directions->size() != ranks.size()))
    return n.fail("its scan_" + kind +
                  "_axes or directions differ in number "
                  "from what it scans");
  SmallVector<Place> places;
  for (auto [i, rank] : llvm::enumerate(ranks)) {
    FailureOr<int64_t> axis = n.normalAxis(axes ? (*axes)[i] : 0, rank);
    if (failed(axis) || rank == 0)
      return failure();
    places.push_back({*axis, directions && (*directions)[i] != 0});
  }
  return places;
}

/// One element of `sequence` along its place's axis.
Raised itemOf(NodeContext &n, Raised &sequence, Place place, Value position,
              OpFoldResult length) {
  Sizes offsets(sequence.rank(), n.c.size(0)),
      sizes = sequence.shape, strides(sequence.rank(), n.c.size(1));
  offsets[place.axis] =
      place.backwards ? fromTheEnd(n.b, n.loc, n.c.value(length), position)
                      : position;
  sizes[place.axis] = n.c.size(1);
  Sizes rest = sequence.shape;
  rest.erase(rest.begin() + place.axis);
  Value part = tensor::ExtractSliceOp::create(
      n.b, n.loc, n.c.tensorType(rest, sequence.kind), sequence.tensor, offsets,
      sizes, strides);
  return n.c.fromTensor(part, sequence.kind, rest);
}

/// The sequences that a Scan reads have one length.
FailureOr<OpFoldResult> lengthOf(NodeContext &n, ArrayRef<Raised> sequences,
                                 ArrayRef<Place> places) {
  OpFoldResult length = sequences.front().shape[places.front().axis];
  for (auto [sequence, place] : llvm::zip(sequences, places))
    if (sequence.shape[place.axis] != length)
      return n.fail("its sequences cannot be seen to have one length");
  return length;
}

/// Scan of opset 9 and later.
LogicalResult raiseScan(NodeContext &n) {
  Region *body = n.subgraph("body");
  int64_t scanned = n.integer("num_scan_inputs", 0);
  int64_t states = static_cast<int64_t>(n.numInputs()) - scanned;
  if (n.node.getOpset() < 9)
    return n.fail("Scan before opset 9 is not supported");
  if (!body || scanned < 1 || states < 0)
    return n.fail("its num_scan_inputs does not fit its inputs");
  SmallVector<Raised> initial, sequences;
  SmallVector<int64_t> ranks;
  for (int64_t i = 0; i < states + scanned; ++i)
    (i < states ? initial : sequences).push_back(n.input(i));
  for (Raised &sequence : sequences) {
    ranks.push_back(sequence.rank());
    n.c.tensor(sequence);
  }
  FailureOr<SmallVector<Place>> places = placesOf(n, "input", ranks);
  if (failed(places))
    return failure();
  FailureOr<OpFoldResult> length = lengthOf(n, sequences, *places);
  if (failed(length))
    return failure();
  OpBuilder::InsertionGuard guard(n.b);
  CountedLoop loop(n, n.c.value(*length), initial);
  n.b.setInsertionPointToStart(loop.loop.getBody());
  SmallVector<Raised> arguments(loop.carried);
  for (auto [sequence, place] : llvm::zip(sequences, *places))
    arguments.push_back(itemOf(n, sequence, place, loop.position(), *length));
  FailureOr<SmallVector<Raised>> outputs = n.c.raiseSubgraph(*body, arguments);
  if (failed(outputs))
    return n.fail("its body is not supported");
  MutableArrayRef<Raised> next(*outputs);
  ranks.clear();
  for (Raised &item : next.drop_front(states))
    ranks.push_back(item.rank() + 1);
  FailureOr<SmallVector<Place>> made = placesOf(n, "output", ranks);
  if (failed(made))
    return failure();
  SmallVector<Raised> results;
  if (failed(loop.finish(next.take_front(states), next.drop_front(states),
                         *length, results, *made)))
    return failure();
  return setResults(n, results);
}

LogicalResult raiseIf(NodeContext &n) {
  Region *yes = n.subgraph("then_branch"), *no = n.subgraph("else_branch");
  if (!yes || !no)
    return n.fail("it needs both branches");
  if (auto known = n.c.integers(n.input(0)); known && known->size() == 1) {
    FailureOr<SmallVector<Raised>> results =
        n.c.raiseSubgraph(known->front() ? *yes : *no, {});
    return failed(results) ? n.fail("its branch is not supported")
                           : setResults(n, *results);
  }
  Raised &input = n.input(0);
  Value condition = tensor::ExtractOp::create(
      n.b, n.loc, n.c.reshape(n.c.tensor(input), input.shape, {}),
      ValueRange());
  // The branches first, each in a block of its own: their results' types make
  // the operation's.
  OpBuilder::InsertionGuard guard(n.b);
  SmallVector<SmallVector<Raised>> branches;
  auto placeholder = scf::IfOp::create(n.b, n.loc, TypeRange(), condition,
                                       /*withElseRegion=*/true);
  for (auto [subgraph, block] : {std::pair(yes, placeholder.thenBlock()),
                                 std::pair(no, placeholder.elseBlock())}) {
    n.b.setInsertionPointToStart(block);
    FailureOr<SmallVector<Raised>> results = n.c.raiseSubgraph(*subgraph, {});
    if (failed(results))
      return n.fail("a branch is not supported");
    branches.push_back(*results);
  }
  SmallVector<Type> types;
  SmallVector<Raised> results;
  for (auto [i, pair] : llvm::enumerate(llvm::zip(branches[0], branches[1]))) {
    auto &[a, b] = pair;
    if (!a.isTensor() || !b.isTensor())
      return n.fail("its branches give a sequence, and which one is taken "
                    "depends on data");
    if (a.kind != b.kind || a.shape != b.shape)
      return n.fail("its branches give output " + Twine(i) +
                    " different sizes");
    types.push_back(n.c.tensorType(a.shape, a.kind));
    results.push_back(a);
  }
  for (auto [block, values] :
       {std::pair(placeholder.thenBlock(), &branches[0]),
        std::pair(placeholder.elseBlock(), &branches[1])}) {
    n.b.setInsertionPoint(block->getTerminator());
    SmallVector<Value> yields;
    for (Raised &value : *values)
      yields.push_back(n.c.tensor(value));
    block->getTerminator()->setOperands(yields);
  }
  n.b.setInsertionPoint(placeholder);
  auto choice = scf::IfOp::create(n.b, n.loc, types, condition);
  choice.getThenRegion().takeBody(placeholder.getThenRegion());
  choice.getElseRegion().takeBody(placeholder.getElseRegion());
  placeholder.erase();
  for (auto [result, value] : llvm::zip(results, choice.getResults()))
    result = n.c.fromTensor(value, result.kind, result.shape);
  n.b.setInsertionPointAfter(choice);
  return setResults(n, results);
}

} // namespace

void tfc::raise::populateControlRules(RuleSet &rules) {
  rules.add("Loop", raiseLoop);
  rules.add("Scan", raiseScan);
  rules.add("If", raiseIf);
}
