//===- SearchModel.h - what a candidate is expected to be -------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_SEARCHMODEL_H
#define TFC_LIB_DRIVER_SEARCHMODEL_H

#include "llvm/ADT/ArrayRef.h"

#include <vector>

namespace tfc {

/// Loss and size as functions of the steps of all choices: linear near a point
/// that was measured, by ridge regression on what was measured elsewhere, where
/// the nearer counts more (locally weighted regression; Cleveland 1979). Sizes,
/// and losses where none is negative, are taken by their logarithms.
class SearchModel {
public:
  SearchModel(llvm::ArrayRef<unsigned> at, double loss, double size)
      : at(at.begin(), at.end()), loss(loss), size(size) {}

  void add(llvm::ArrayRef<unsigned> steps, double loss, double size);
  void solve();

  struct Expected {
    double loss, size;
  };
  Expected expect(llvm::ArrayRef<unsigned> steps) const;

private:
  std::vector<double> differences(llvm::ArrayRef<unsigned> steps) const;

  std::vector<unsigned> at;
  double loss, size;
  struct Row {
    std::vector<double> differences;
    double weight, loss, size;
  };
  std::vector<Row> rows;
  std::vector<double> lossSlope, sizeSlope;
  bool hasLogarithms = true;
};

} // namespace tfc

#endif // TFC_LIB_DRIVER_SEARCHMODEL_H
