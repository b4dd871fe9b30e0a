//===- DeviceHeader.h - what a device artefact's header says ------- -*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_TOOLS_TFC_RUN_DEVICEHEADER_H
#define TFC_TOOLS_TFC_RUN_DEVICEHEADER_H

#include "tfc/Runtime/model.h"

#include <deque>
#include <string>
#include <vector>

namespace tfc::run {

/// The C header that tfc writes beside an object for a device.
class DeviceHeader {
public:
  struct Tensor {
    std::string name;       ///< in the model
    std::string identifier; ///< in the header's struct
    int32_t type = 0;       ///< tfc_type
    std::vector<int64_t> dims;
    double scale = 0; ///< 0 where integers stand for themselves
    int64_t zeroPoint = 0;
    /// Where the model calls a function for rows of dimension `stripAxis`: how
    /// many a call, and the name of the function's context; else 0 and empty.
    int64_t stripRows = 0, stripAxis = 0;
    std::string context;
  };

  /// Reads a header; an empty string, or what is wrong with it.
  std::string read(const std::string &path);

  /// The model as tools for other targets know it; refers to this object.
  tfc_model_info describe();

  /// What names start with, in functions and in macros.
  std::string prefix, macro;
  std::vector<Tensor> inputs, outputs;
  int64_t arenaBytes = 0, stackBytes = 0, flashBytes = 0;
  bool hardFloat = true;
  /// The nodes that the object announces; none where it announces nothing.
  std::vector<std::string> nodes;

private:
  std::string readLine(const std::string &line);
  bool readSize(const std::string &line, const char *name, int64_t &value);
  void readContext(const std::string &line, std::vector<Tensor> &tensors);
  std::string readTensor(const std::string &line, std::vector<Tensor> &tensors);

  std::vector<Tensor> *current = nullptr;
  bool inNodes = false;
  std::vector<tfc_tensor_info> infos;
  std::vector<std::vector<const char *>> symbols;
};

} // namespace tfc::run

#endif // TFC_TOOLS_TFC_RUN_DEVICEHEADER_H
