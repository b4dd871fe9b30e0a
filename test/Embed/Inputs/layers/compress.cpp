#include "layer.h"
#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Passes/Compress/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

int main(int, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  registry.insert<tfc::attn::AttnDialect>();
  mlir::MLIRContext context(registry);
  tfc::compress::LowRankPassOptions options;
  options.rank = 8;
  return print(runOn(context, argv[1], [&](mlir::OpPassManager &pm) {
    pm.addNestedPass<mlir::func::FuncOp>(
        tfc::compress::createLowRankPass(options));
  }));
}
