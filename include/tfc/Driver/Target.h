//===- Target.h - what artefacts are made of models -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_DRIVER_TARGET_H
#define TFC_DRIVER_TARGET_H

#include "tfc/Driver/Driver.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/Error.h"

#include <functional>
#include <memory>

namespace tfc {

/// From attn and linalg on tensors to an artefact. An object is made for one
/// compilation, with its options; its methods are called in the order below.
class Target {
public:
  virtual ~Target();

  /// What is wrong with the options, before the model is read.
  virtual llvm::Error checkOptions() { return llvm::Error::success(); }
  /// Called before passes run; `isBinary` where an object or a library is
  /// wanted.
  virtual llvm::Error prepare(bool isBinary) { return llvm::Error::success(); }
  /// Adds the passes from the raised module, one public function of attn,
  /// linalg, tensor, arith, math and scf on ranked tensors, to what `emit`
  /// takes.
  virtual void buildPipeline(mlir::OpPassManager &pm) = 0;
  /// Whether the pipeline may refuse a model, with errors. Where it may not, a
  /// pass that fails is a defect of the compiler's, and a reproducer is
  /// written.
  virtual bool mayRefuse() const { return true; }
  /// Writes the lowered module to `path` in the form of `kind`, one of those
  /// that the target was registered with; whole or not at all. Fails with an
  /// error at the module or an operation of it.
  virtual mlir::LogicalResult emit(mlir::ModuleOp module, EmitKind kind,
                                   llvm::StringRef path) = 0;
};

/// Targets by the names that users choose them by (`--target=`).
class TargetRegistry {
public:
  using Factory =
      std::function<std::unique_ptr<Target>(const CompileOptions &)>;

  struct Entry {
    std::string name;
    /// What it writes, of LLVMIR, Assembly, Object and SharedLibrary: the form
    /// that it writes unless another is asked for is the first.
    std::vector<EmitKind> kinds;
    /// Makes a target of options that outlive it.
    Factory create;

    bool writes(EmitKind kind) const;
  };

  /// Has tfc's own: "x86-64" and "cortex-m7".
  TargetRegistry();

  /// Takes the place of a target of the same name. Where the model is called on
  /// this machine, to calibrate for instance, it is tfc's "x86-64" anyway.
  void add(Entry entry);
  /// Null without such a target.
  const Entry *find(llvm::StringRef name) const;
  llvm::ArrayRef<Entry> entries() const { return targets; }

private:
  std::vector<Entry> targets;
};

} // namespace tfc

#endif // TFC_DRIVER_TARGET_H
