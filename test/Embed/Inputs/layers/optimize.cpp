#include "layer.h"
#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Passes/Optimize/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

int main(int, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  registry.insert<tfc::attn::AttnDialect>();
  mlir::MLIRContext context(registry);
  return print(runOn(context, argv[1], [](mlir::OpPassManager &pm) {
    pm.addNestedPass<mlir::func::FuncOp>(
        tfc::optimize::createSinkSlicesPass());
  }));
}
