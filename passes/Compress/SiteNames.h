//===- SiteNames.h - what users call operations -----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_PASSES_COMPRESS_SITENAMES_H
#define TFC_PASSES_COMPRESS_SITENAMES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

namespace tfc::compress {

/// The names of a function's operations in options, reports and messages: that
/// of the ONNX node, or of the operation where it comes from none. Of
/// operations of one kind with one name the second is called name#2, and so on.
/// They are those of the function as it was when this was made.
class SiteNames {
public:
  explicit SiteNames(mlir::func::FuncOp function);

  llvm::StringRef operator[](mlir::Operation *op) const {
    return names.find(op)->second;
  }

private:
  llvm::DenseMap<mlir::Operation *, std::string> names;
};

/// The name of one operation; SiteNames is faster for many.
std::string siteName(mlir::Operation *op);

/// What a list of SITE=N says, N being 1 at least; the error is of `function`,
/// and names the pass and its option.
mlir::FailureOr<llvm::StringMap<int64_t>>
readSiteNumbers(mlir::func::FuncOp function, llvm::StringRef pass,
                llvm::StringRef option, llvm::ArrayRef<std::string> entries);

/// Adds a line on what a pass did to a site to the function, for the report:
/// "site" and "pass" and what `details` say. The driver takes them off.
void noteCompression(mlir::func::FuncOp function, llvm::StringRef pass,
                     llvm::StringRef site,
                     llvm::ArrayRef<mlir::NamedAttribute> details);

} // namespace tfc::compress

#endif // TFC_PASSES_COMPRESS_SITENAMES_H
