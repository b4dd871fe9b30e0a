//===- CalibrationData.h - inputs that stand for all others -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_CALIBRATIONDATA_H
#define TFC_LIB_DRIVER_CALIBRATIONDATA_H

#include "tfc/Runtime/Npy.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/Error.h"

namespace tfc {

/// The inputs of a model's calls, from an .npz file that has each by its name:
/// of exactly its shape, which is one sample, or with a dimension of samples in
/// front, or with a multiple of a known first size.
class CalibrationData {
public:
  /// Reads the file and fits its arrays to the arguments of `function`.
  llvm::Error open(llvm::StringRef path, mlir::func::FuncOp function);

  /// An array of the file, whether it is an input or not; null without it.
  const run::Array *find(const std::string &name) const {
    auto found = arrays.find(name);
    return found == arrays.end() ? nullptr : &found->second;
  }

  /// Leaves out samples, evenly, where there are more than about `most`.
  void limit(int64_t most) { stride = std::max<int64_t>(1, numSamples / most); }

  int64_t samples() const { return (numSamples + stride - 1) / stride; }
  /// The sizes of each input of a call, in the function's order.
  std::vector<llvm::SmallVector<int64_t>> shapes() const;
  /// The inputs of one call. They point into this object.
  std::vector<tfc_tensor> sample(int64_t i);

private:
  llvm::Error read(llvm::StringRef path);
  llvm::Error match(mlir::func::FuncOp function);
  struct Input {
    run::Array *array;
    std::vector<int64_t> dims;
    /// 1: all calls have the same.
    int64_t samples;
  };
  llvm::Error matchInput(llvm::StringRef name, int32_t type,
                         mlir::RankedTensorType shape);

  std::string file;
  run::Arrays arrays;
  std::vector<Input> inputs;
  int64_t numSamples = 1, stride = 1;
};

} // namespace tfc

#endif // TFC_LIB_DRIVER_CALIBRATIONDATA_H
