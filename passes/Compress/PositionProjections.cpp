//===- PositionProjections.cpp - projections along the sequence in a file *- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PositionProjections.h"

#include "tfc/Runtime/Npy.h"

#include <cstring>

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

using RowMajorFloat =
    Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

static std::optional<Eigen::MatrixXd> matrixOf(const run::Array &array) {
  if (array.type != TFC_FLOAT32 || array.dims.size() != 2 || array.dims[0] < 1)
    return std::nullopt;
  RowMajorFloat numbers(array.dims[0], array.dims[1]);
  std::memcpy(numbers.data(), array.data.data(), array.data.size());
  return Eigen::MatrixXd(numbers.cast<double>());
}

FailureOr<llvm::StringMap<PositionProjection>>
tfc::compress::readPositionProjections(func::FuncOp function, StringRef file,
                                       ArrayRef<AttentionSite> found) {
  run::Arrays arrays;
  std::string error = run::readNpz(file.str(), arrays);
  auto fail = [&](const Twine &what) {
    return function.emitError("linformer: projections '")
           << file << "': " << what;
  };
  if (!error.empty())
    return fail(error);
  llvm::StringMap<PositionProjection> projections;
  for (const auto &[name, array] : arrays) {
    StringRef site = name;
    auto isSite = [&] {
      return llvm::any_of(
          found, [&](const AttentionSite &each) { return each.name == site; });
    };
    bool isOfBoth = isSite();
    bool isOfKeys = !isOfBoth && site.consume_back(".key"),
         isOfValues = !isOfBoth && !isOfKeys && site.consume_back(".value");
    if (!isOfBoth &&
        failed(checkAttentionSites(function, "linformer", found, site.str())))
      return failure();
    std::optional<Eigen::MatrixXd> matrix = matrixOf(array);
    if (!matrix)
      return fail("'" + name + "' is not of f32 and [length, keys]");
    PositionProjection &projection = projections[site];
    if (!isOfValues)
      projection.keys = *matrix;
    if (!isOfKeys)
      projection.values = *matrix;
  }
  for (const auto &entry : projections) {
    const PositionProjection &each = entry.getValue();
    if (each.keys.rows() != each.values.rows() ||
        each.keys.cols() != each.values.cols())
      return fail("keys and values of '" + entry.getKey() +
                  "' have projections of different sizes, or one has none");
  }
  return projections;
}
