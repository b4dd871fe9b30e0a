//===- RangeStatistics.h - ranges of observed tensors -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_RANGESTATISTICS_H
#define TFC_LIB_DRIVER_RANGESTATISTICS_H

#include "tfc/Driver/Driver.h"
#include "llvm/ADT/ArrayRef.h"
#include <vector>

namespace tfc {

/// Of the elements of one tensor, over many calls.
class RangeStatistics {
public:
  explicit RangeStatistics(const RangeChoice &choice) : choice(choice) {}

  /// False where one is not finite; then nothing is taken.
  bool add(llvm::ArrayRef<float> values);

  struct Range {
    double low = 0, high = 0;
  };
  /// What int8 shall stand for, as the choice says; 0 lies in it.
  Range range() const;

private:
  static constexpr int64_t mostBins = 8192;

  void makeRoom(double low, double high);
  Range percentile() const;
  Range leastError() const;
  double errorOf(Range range) const;
  /// The least number of bin `i`.
  double edge(size_t i) const;

  RangeChoice choice;
  bool isEmpty = true;
  double least = 0, greatest = 0;
  uint64_t count = 0;
  /// Bins are 2^exponent wide, the first from `first` * 2^exponent on, so that
  /// wider ones are unions of pairs.
  int exponent = 0;
  int64_t first = 0;
  std::vector<uint64_t> bins;
};

} // namespace tfc

#endif // TFC_LIB_DRIVER_RANGESTATISTICS_H
