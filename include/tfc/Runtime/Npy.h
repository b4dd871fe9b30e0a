//===- Npy.h - arrays in numpy files ----------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_RUNTIME_NPY_H
#define TFC_RUNTIME_NPY_H

#include "tfc/Runtime/model.h"

#include <map>
#include <string>
#include <vector>

namespace tfc::run {

/// A dense row-major array in memory of its own.
struct Array {
  int32_t type = TFC_FLOAT32; ///< tfc_type
  std::vector<int64_t> dims;
  std::vector<char> data;

  int64_t elements() const;
};

/// Bytes of an element; 0 for a type that arrays do not have.
size_t elementBytes(int32_t type);
/// As numpy spells it: "float32".
const char *typeName(int32_t type);
/// Whether numpy files hold elements of both types under one name.
bool storedAlike(int32_t a, int32_t b);

/// Arrays by name, in the order of their names.
using Arrays = std::map<std::string, Array>;

/// These return an empty string, or what went wrong. Formats: numpy's
/// documentation of numpy.lib.format, versions 1 to 3; PKWARE's APPNOTE 6.3
/// (stored and deflated members, zip64). Arrays of bfloat16, for which numpy
/// has no type, are those of raw two-byte elements ("V2"), small floats and
/// integers of raw bytes ("V1"), as ml_dtypes saves
/// them.
std::string readNpy(const std::string &path, Array &array);
std::string readNpz(const std::string &path, Arrays &arrays);
/// Write beside the file and rename: the file appears whole or not at all.
std::string writeNpy(const std::string &path, const Array &array);
std::string writeNpz(const std::string &path, const Arrays &arrays);

} // namespace tfc::run

#endif // TFC_RUNTIME_NPY_H
