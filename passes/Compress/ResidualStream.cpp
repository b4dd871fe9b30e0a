//===- ResidualStream.cpp - what reads and writes a stream ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ResidualStream.h"

#include "InputStatistics.h"
#include "Layers.h"
#include "SiteGraph.h"
#include "SiteNames.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"
#include <map>

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;
using Eigen::MatrixXd;
using Eigen::VectorXd;

static int64_t rankOf(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type ? type.getRank() : 0;
}

/// Whether `op` only says which rows there are, and in which order.
static bool movesRows(Operation *op) {
  return isa<tensor::ExtractSliceOp, tensor::CollapseShapeOp,
             tensor::ExpandShapeOp, tensor::CastOp, linalg::TransposeOp>(op);
}

static Value behindRows(Value value) {
  while (value.getDefiningOp() && movesRows(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return value;
}

static std::string describe(Operation *op, const Twine &reason) {
  return ("'" + op->getName().getStringRef() + "' of '" + siteName(op) +
          "': " + reason)
      .str();
}

/// The dimension of `operand` that is the stream's; nothing where none is.
static std::optional<unsigned> featuresOf(OpOperand &operand,
                                          const DimensionShrink &reach) {
  for (int64_t dim = 0; dim < rankOf(operand.get()); ++dim)
    if (reach.keptOf(operand, dim))
      return dim;
  return std::nullopt;
}

/// Whether `op` adds and copies features, each of its operands' for itself.
static bool isLinearMap(linalg::LinalgOp op, const DimensionShrink &reach) {
  if (op.getNumLoops() != op.getNumParallelLoops())
    return false;
  auto isFloat = [](Type type) {
    return isa<FloatType>(getElementTypeOrSelf(type));
  };
  for (OpOperand *input : op.getDpsInputOperands())
    if (op.payloadUsesValueFromOperand(input) &&
        isFloat(input->get().getType()) && !featuresOf(*input, reach))
      return false;
  return llvm::all_of(op.getBlock()->without_terminator(),
                      [&](Operation &inner) {
                        if (auto extract = dyn_cast<tensor::ExtractOp>(inner))
                          return !isFloat(extract.getType()) ||
                                 featuresOf(extract.getTensorMutable(), reach);
                        return isa<arith::AddFOp, arith::SubFOp>(inner) ||
                               llvm::none_of(inner.getResultTypes(), isFloat);
                      });
}

//===----------------------------------------------------------------------===//
// What there is
//===----------------------------------------------------------------------===//

int64_t ResidualStream::width() const {
  return cast<ShapedType>(sum.getType()).getShape().back();
}

std::string ResidualStream::find() {
  if (!isReal(sum) || ShapedType::isDynamic(width()) || width() < 2)
    return "it is not of f32, or its number of features is open";
  // All that follows where one feature goes.
  if (failed(reach.keep(sum, rankOf(sum) - 1, allBut(width(), {width() - 1}))))
    return reach.reason();
  for (Operation *op : reach.operations()) {
    for (Value result : op->getResults())
      for (int64_t dim = 0; dim < rankOf(result); ++dim)
        if (reach.keptOf(result, dim))
          parts.insert(result);
    std::string reason = add(op);
    if (!reason.empty())
      return describe(op, reason);
  }
  if (norms.empty())
    return "no norm reads it";
  if (!llvm::all_equal(
          llvm::map_range(norms, [](Norm &norm) { return norm.op.getKind(); })))
    return "norms with and without a mean read it";
  for (attn::LinearOp reader : readers)
    if (!normBefore(reader))
      return describe(reader, "it reads the residual stream, or what a norm "
                              "adds to it, without a norm before");
  return "";
}

std::string ResidualStream::add(Operation *op) {
  if (auto norm = dyn_cast<attn::NormOp>(op))
    return addNorm(norm);
  if (auto linear = dyn_cast<attn::LinearOp>(op))
    return addLinear(linear);
  auto pad = dyn_cast<tensor::PadOp>(op);
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  bool isKnown = structured
                     ? isLinearMap(structured, reach)
                     : movesRows(op) || (pad && isMove(pad)) ||
                           isa<tensor::InsertSliceOp, attn::PatchEmbedOp>(op);
  if (!isKnown)
    return "it is neither a sum nor a linear layer, and has to do with the "
           "residual stream";
  return addConstants(op);
}

std::string ResidualStream::addNorm(attn::NormOp op) {
  int64_t last = rankOf(op.getX()) - 1;
  if (int64_t(op.getAxis()) != last ||
      featuresOf(op.getXMutable(), reach) != unsigned(last) ||
      cast<ShapedType>(op.getX().getType()).getDimSize(last) != width())
    return "it is not over the features of the residual stream";
  if (behindRows(op.getX()).getDefiningOp<attn::NormOp>())
    return "it reads another norm";
  Norm norm{op, VectorXd::Ones(width()), VectorXd::Zero(width())};
  for (auto [value, to] :
       {std::pair<Value, VectorXd &>{op.getScale(), norm.scale},
        {op.getBias(), norm.bias}}) {
    if (!value)
      continue;
    std::optional<std::vector<float>> numbers = numbersOf(value);
    if (!numbers)
      return "its scale or bias is no constant";
    to = Eigen::Map<Eigen::VectorXf>(numbers->data(), numbers->size())
             .cast<double>();
  }
  norms.push_back(std::move(norm));
  return "";
}

std::string ResidualStream::addLinear(attn::LinearOp op) {
  if (!weightOf(op) || !biasOf(op))
    return "its weight or bias is no constant";
  auto isLast = [&](OpOperand &operand) {
    std::optional<unsigned> dim = featuresOf(operand, reach);
    auto type = cast<ShapedType>(operand.get().getType());
    return dim == unsigned(type.getRank() - 1) &&
           type.getShape().back() == width();
  };
  bool reads = featuresOf(op.getXMutable(), reach).has_value(),
       writes = reach.keptOf(op.getResult(), rankOf(op.getResult()) - 1);
  if (reads && !isLast(op.getXMutable()))
    return "it reads some of the features, or along another dimension";
  if (reads)
    readers.push_back(op);
  if (!writes)
    return "";
  if (cast<ShapedType>(op.getResult().getType()).getShape().back() != width())
    return "it writes other features too";
  writers.push_back(op);
  return op.getActivation() == attn::Activation::None
             ? ""
             : "what it writes goes through an activation";
}

std::string ResidualStream::addConstants(Operation *op) {
  std::string reason;
  op->walk([&](Operation *inner) {
    for (OpOperand &operand : inner->getOpOperands())
      for (int64_t dim = 0; dim < rankOf(operand.get()); ++dim) {
        if (!reach.keptOf(operand, dim))
          continue;
        Operation *from = operand.get().getDefiningOp();
        auto type = cast<ShapedType>(operand.get().getType());
        if (type.getDimSize(dim) != width())
          reason = "it has to do with some of the features";
        if (matchPattern(operand.get(), m_Constant())) {
          constants.push_back({&operand, dim});
          if (!numbersOf(operand.get()))
            reason = "the numbers of its constant are not there";
        }
        if (isa_and_nonnull<linalg::FillOp>(from) &&
            uniformNumber(operand.get()) != 0.0f)
          reason = "it reads features that are all one number";
      }
  });
  return reason;
}

const ResidualStream::Norm *
ResidualStream::normBefore(attn::LinearOp reader) const {
  Operation *root = behindRows(reader.getX()).getDefiningOp();
  auto found =
      llvm::find_if(norms, [&](const Norm &norm) { return norm.op == root; });
  return found == norms.end() ? nullptr : &*found;
}

//===----------------------------------------------------------------------===//
// Which directions matter
//===----------------------------------------------------------------------===//

MatrixXd ResidualStream::centring() const {
  MatrixXd matrix = MatrixXd::Identity(width(), width());
  attn::NormOp first = norms.front().op;
  if (first.getKind() == attn::NormKind::Layer)
    matrix.array() -= 1 / double(width());
  return matrix;
}

std::optional<ResidualStream::Normed>
ResidualStream::normedInput(attn::LinearOp reader) const {
  FailureOr<std::optional<InputStatistics>> input = inputStatistics(reader);
  if (failed(input) || !*input)
    return std::nullopt;
  const Norm &norm = *normBefore(reader);
  // x = g z + b. Of features without a scale nothing is known, nor read.
  VectorXd inverse =
      norm.scale.unaryExpr([](double g) { return g == 0 ? 0 : 1 / g; });
  const VectorXd &mean = (*input)->mean, &bias = norm.bias;
  MatrixXd moments = (*input)->moments - mean * bias.transpose() -
                     bias * mean.transpose() + bias * bias.transpose();
  return Normed{inverse.asDiagonal() * moments * inverse.asDiagonal(),
                inverse.cwiseProduct(mean - bias)};
}

/// The rows of `numbers` along dimension `dim` of `shape`.
static MatrixXd rowsAlong(ArrayRef<float> numbers, ArrayRef<int64_t> shape,
                          unsigned dim) {
  int64_t inner = 1;
  for (int64_t size : shape.drop_front(dim + 1))
    inner *= size;
  int64_t width = shape[dim], rows = numbers.size() / width;
  MatrixXd matrix(rows, width);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t i = 0; i < width; ++i)
      matrix(row, i) = numbers[(row / inner * width + i) * inner + row % inner];
  return matrix;
}

MatrixXd ResidualStream::moments() const {
  MatrixXd sums = MatrixXd::Zero(width(), width());
  bool isKnown = false;
  for (attn::LinearOp reader : readers)
    if (std::optional<Normed> input = normedInput(reader)) {
      sums += input->moments;
      isKnown = true;
    }
  if (isKnown)
    return sums;
  auto addRows = [&](const MatrixXd &rows) { sums += rows.transpose() * rows; };
  for (attn::LinearOp writer : writers) {
    addRows(*weightOf(writer));
    addRows(biasOf(writer)->transpose());
  }
  for (auto [operand, dim] : constants)
    addRows(rowsAlong(*numbersOf(operand->get()),
                      cast<ShapedType>(operand->get().getType()).getShape(),
                      dim));
  MatrixXd centre = centring();
  return centre * sums * centre;
}

//===----------------------------------------------------------------------===//
// Turning
//===----------------------------------------------------------------------===//

static void setNumbers(attn::LinearOp op, const MatrixXd &weight,
                       const VectorXd &bias) {
  OpBuilder b(op);
  op.getWeightMutable().assign(
      constantOf(b, op.getLoc(), weight, "residual.weight"));
  op.setTransposeWeight(false);
  if (op.getBias() || !bias.isZero(0))
    op.getBiasMutable().assign(
        constantOf(b, op.getLoc(), bias, "residual.bias"));
}

void ResidualStream::turnReader(attn::LinearOp op, const MatrixXd &turn,
                                int64_t count) {
  const Norm &norm = *normBefore(op);
  std::optional<Normed> input = normedInput(op);
  MatrixXd weight = *weightOf(op);
  VectorXd bias = *biasOf(op) + weight.transpose() * norm.bias;
  weight = norm.scale.asDiagonal() * weight;
  // The norm of what stays is over fewer features, as if all squares were in
  // them.
  double growth = std::sqrt(double(width()) / double(count));
  if (input) {
    MatrixXd kept = turn.leftCols(count);
    VectorXd lost = input->mean - kept * (kept.transpose() * input->mean);
    bias += weight.transpose() * lost;
    attachInputStatistics(
        op, {turn.transpose() * input->moments * turn / (growth * growth),
             turn.transpose() * input->mean / growth});
  }
  setNumbers(op, growth * (turn.transpose() * weight), bias);
}

void ResidualStream::turnWriter(attn::LinearOp op, const MatrixXd &turn) {
  VectorXd bias = *biasOf(op);
  setNumbers(op, *weightOf(op) * turn, turn.transpose() * bias);
}

void ResidualStream::turnConstants(const MatrixXd &turn) {
  std::map<std::pair<const void *, unsigned>, Value> made;
  for (auto [operand, dim] : constants) {
    Value old = operand->get();
    Value &turned = made[{old.getAsOpaquePointer(), dim}];
    if (!turned) {
      auto type = cast<RankedTensorType>(old.getType());
      MatrixXd rows = rowsAlong(*numbersOf(old), type.getShape(), dim) * turn;
      std::vector<float> numbers(rows.size());
      int64_t inner = 1;
      for (int64_t size : type.getShape().drop_front(dim + 1))
        inner *= size;
      for (int64_t row = 0; row < rows.rows(); ++row)
        for (int64_t i = 0; i < rows.cols(); ++i)
          numbers[(row / inner * rows.cols() + i) * inner + row % inner] =
              float(rows(row, i));
      OpBuilder b(old.getContext());
      b.setInsertionPointAfterValue(old);
      turned = arith::ConstantOp::create(
          b, old.getLoc(),
          DenseResourceElementsAttr::get(
              type, "residual.constant",
              HeapAsmResourceBlob::allocateAndCopyInferAlign(
                  ArrayRef<float>(numbers), /*dataIsMutable=*/false)));
    }
    operand->set(turned);
  }
}

LogicalResult ResidualStream::turn(const MatrixXd &turn, int64_t count) {
  for (attn::LinearOp reader : readers)
    turnReader(reader, turn, count);
  MatrixXd written = centring() * turn;
  for (attn::LinearOp writer : writers)
    turnWriter(writer, written);
  turnConstants(written);
  double share = double(width()) / double(count);
  for (Norm &norm : norms) {
    norm.op.setKind(attn::NormKind::Rms);
    norm.op.setEpsilon(APFloat(norm.op.getEpsilon().convertToDouble() * share));
    norm.op.getScaleMutable().clear();
    norm.op.getBiasMutable().clear();
  }
  DimensionShrink shrink({/*norms=*/true});
  return success(
      succeeded(shrink.keep(sum, rankOf(sum) - 1,
                            llvm::to_vector(llvm::seq<int64_t>(0, count)))) &&
      succeeded(shrink.apply()));
}

//===----------------------------------------------------------------------===//
// Norms with other readers
//===----------------------------------------------------------------------===//

static bool isReadByLinearLayers(Value normed) {
  return llvm::all_of(normed.getUses(), [](OpOperand &use) {
    Operation *user = use.getOwner();
    auto linear = dyn_cast<attn::LinearOp>(user);
    return linear ? use.get() == linear.getX() && weightOf(linear)
                  : movesRows(user) && isReadByLinearLayers(user->getResult(0));
  });
}

/// Adds to `norms` those that read `value` or rows of it.
static void normsOf(Value value, SetVector<Operation *> &norms) {
  for (Operation *user : value.getUsers()) {
    if (isa<attn::NormOp>(user))
      norms.insert(user);
    else if (movesRows(user))
      normsOf(user->getResult(0), norms);
  }
}

void tfc::compress::separateNorms(func::FuncOp function) {
  SetVector<Operation *> norms;
  for (const ResidualBlock &block : findResidualBlocks(function)) {
    normsOf(block.sum->getResult(0), norms);
    normsOf(block.input, norms);
    if (auto norm = behindRows(block.input).getDefiningOp<attn::NormOp>())
      norms.insert(norm);
  }
  for (Operation *op : norms) {
    auto norm = cast<attn::NormOp>(op);
    Value normed = norm.getResult();
    int64_t width = cast<ShapedType>(normed.getType()).getShape().back();
    if (isReadByLinearLayers(normed) || !isReal(normed) ||
        ShapedType::isDynamic(width))
      continue;
    OpBuilder b(op->getContext());
    b.setInsertionPointAfter(op);
    MatrixXd identity = MatrixXd::Identity(width, width);
    auto same = attn::LinearOp::create(
        b, op->getLoc(), normed.getType(), normed,
        constantOf(b, op->getLoc(), identity, "residual.weight"), Value(),
        norm.getInit(), /*transpose_weight=*/false, attn::Activation::None);
    normed.replaceAllUsesExcept(same->getResult(0), same);
  }
}
