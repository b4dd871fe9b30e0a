//===- InputStatistics.cpp - numbers of linear layers as matrices -*- C++ -*-=//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InputStatistics.h"
#include "SiteGraph.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

using RowMajor =
    Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using RowMajorFloat =
    Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// The elements of an attribute of `shape` in f64; empty where it is another.
static std::vector<double> doublesOf(Attribute attribute,
                                     ArrayRef<int64_t> shape) {
  auto elements = dyn_cast_or_null<ElementsAttr>(attribute);
  if (!elements || !elements.getElementType().isF64() ||
      elements.getShapedType().getShape() != shape)
    return {};
  if (auto dense = dyn_cast<DenseElementsAttr>(elements)) {
    auto values = dense.getValues<double>();
    return std::vector<double>(values.begin(), values.end());
  }
  auto resource = dyn_cast<DenseResourceElementsAttr>(elements);
  AsmResourceBlob *blob =
      resource ? resource.getRawHandle().getBlob() : nullptr;
  std::vector<double> numbers(elements.getNumElements());
  if (!blob || blob->getData().size() != numbers.size() * sizeof(double))
    return {};
  std::memcpy(numbers.data(), blob->getData().data(), blob->getData().size());
  return numbers;
}

std::optional<Eigen::MatrixXd> tfc::compress::squareOf(Attribute attribute,
                                                       int64_t size) {
  std::vector<double> numbers = doublesOf(attribute, {size, size});
  if (numbers.empty())
    return std::nullopt;
  return Eigen::MatrixXd(
      Eigen::Map<const RowMajor>(numbers.data(), size, size));
}

FailureOr<std::optional<InputStatistics>>
tfc::compress::inputStatistics(attn::LinearOp layer) {
  Attribute moments = layer->getAttr(momentsName),
            mean = layer->getAttr(meanName);
  if (!moments && !mean)
    return std::optional<InputStatistics>();
  int64_t width = cast<ShapedType>(layer.getX().getType()).getShape().back();
  std::vector<double> square = doublesOf(moments, {width, width}),
                      row = doublesOf(mean, {width});
  if (square.empty() || row.empty())
    return layer.emitOpError("has other statistics than ")
           << momentsName << " of " << width << "x" << width << " and "
           << meanName << " of " << width << " numbers in f64";
  InputStatistics statistics;
  statistics.moments = Eigen::Map<const RowMajor>(square.data(), width, width);
  statistics.mean = Eigen::Map<const Eigen::VectorXd>(row.data(), width);
  std::vector<double> greatest =
      doublesOf(layer->getAttr(greatestName), {width});
  statistics.greatest = Eigen::Map<const Eigen::VectorXd>(
      greatest.data(), int64_t(greatest.size()));
  return std::optional<InputStatistics>(std::move(statistics));
}

void tfc::compress::attachInputStatistics(attn::LinearOp layer,
                                          const InputStatistics &statistics) {
  RowMajor moments = statistics.moments;
  attachInputStatistics(
      layer, ArrayRef(moments.data(), size_t(moments.size())),
      ArrayRef(statistics.mean.data(), size_t(statistics.mean.size())),
      ArrayRef(statistics.greatest.data(), size_t(statistics.greatest.size())));
}

std::optional<Eigen::MatrixXd> tfc::compress::weightOf(attn::LinearOp layer) {
  std::optional<std::vector<float>> numbers = numbersOf(layer.getWeight());
  if (!numbers)
    return std::nullopt;
  ArrayRef<int64_t> shape =
      cast<ShapedType>(layer.getWeight().getType()).getShape();
  Eigen::MatrixXd weight =
      Eigen::Map<const RowMajorFloat>(numbers->data(), shape[0], shape[1])
          .cast<double>();
  if (layer.getTransposeWeight())
    weight.transposeInPlace();
  return weight;
}

bool tfc::compress::hasConstantWeight(attn::LinearOp layer) {
  return layer.getResult() && isReal(layer.getX()) &&
         matchPattern(layer.getWeight(), m_Constant());
}

LogicalResult tfc::compress::checkLinearSites(func::FuncOp function,
                                              const SiteNames &names,
                                              StringRef pass,
                                              ArrayRef<std::string> sites) {
  SmallVector<StringRef> known;
  function.walk([&](attn::LinearOp layer) {
    if (hasConstantWeight(layer))
      known.push_back(names[layer]);
  });
  for (const std::string &site : sites)
    if (!llvm::is_contained(known, site))
      return function.emitError()
             << pass << ": there is no linear layer '" << site
             << "' with a constant weight in f32; there "
             << (known.empty() ? "are none"
                               : "are '" + llvm::join(known, "', '") + "'");
  return success();
}

std::optional<Eigen::VectorXd> tfc::compress::biasOf(attn::LinearOp layer) {
  int64_t columns =
      cast<ShapedType>(layer.getInit().getType()).getShape().back();
  if (!layer.getBias())
    return Eigen::VectorXd(Eigen::VectorXd::Zero(columns));
  std::optional<std::vector<float>> numbers = numbersOf(layer.getBias());
  if (!numbers)
    return std::nullopt;
  return Eigen::VectorXd(
      Eigen::Map<const Eigen::VectorXf>(numbers->data(), columns)
          .cast<double>());
}

DenseMap<Attribute, unsigned>
tfc::compress::countReaders(func::FuncOp function) {
  DenseMap<Attribute, unsigned> readers;
  function.walk([&](Operation *op) {
    Attribute numbers;
    if (op->getNumResults() == 1 && matchPattern(op, m_Constant(&numbers)))
      readers[numbers] += llvm::range_size(op->getUses());
  });
  return readers;
}

static Value floatConstant(OpBuilder &b, Location loc, ArrayRef<int64_t> shape,
                           ArrayRef<float> numbers, StringRef name) {
  auto type = RankedTensorType::get(shape, b.getF32Type());
  return arith::ConstantOp::create(
      b, loc, type,
      DenseResourceElementsAttr::get(
          type, name,
          HeapAsmResourceBlob::allocateAndCopyInferAlign(
              numbers, /*dataIsMutable=*/false)));
}

Value tfc::compress::constantOf(OpBuilder &b, Location loc,
                                const Eigen::MatrixXd &matrix, StringRef name) {
  RowMajorFloat numbers = matrix.cast<float>();
  return floatConstant(b, loc, {matrix.rows(), matrix.cols()},
                       ArrayRef(numbers.data(), size_t(numbers.size())), name);
}

Value tfc::compress::constantOf(OpBuilder &b, Location loc,
                                const Eigen::VectorXd &vector, StringRef name) {
  Eigen::VectorXf numbers = vector.cast<float>();
  return floatConstant(b, loc, {vector.size()},
                       ArrayRef(numbers.data(), size_t(numbers.size())), name);
}
