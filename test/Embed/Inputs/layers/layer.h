/// What the programs of single layers share: a module in, a pipeline, a module
/// out. Nothing of tfc.
#ifndef LAYER_H
#define LAYER_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/raw_ostream.h"

/// Runs what `build` adds on the module in argv[1]; null after errors.
inline mlir::OwningOpRef<mlir::ModuleOp>
runOn(mlir::MLIRContext &context, const char *path,
      llvm::function_ref<void(mlir::OpPassManager &)> build) {
  mlir::ParserConfig config(&context);
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(path, config);
  mlir::PassManager pm(&context);
  build(pm);
  if (!module || failed(pm.run(*module)))
    return nullptr;
  return module;
}

inline int print(mlir::OwningOpRef<mlir::ModuleOp> module) {
  if (!module)
    return 1;
  module->print(llvm::outs());
  return 0;
}

#endif // LAYER_H
